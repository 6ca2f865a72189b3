// What a rule with times of its own says where the machine stood still meanwhile, and where it did not.
import { expect, test } from "vitest";
import { runContract, type Timing } from "../dist/index.js";
import { decorated } from "./gallery/decorate.js";

const timing: Timing = { signalMs: 20_000, noSignalMs: 20, leaseMs: 60 };

interface Fault {
  /** Settlements that are refused. */
  readonly count: number;
  /** For which this process stands still before each. */
  readonly pauseMs: number;
  /** Where this machine must not be the one that stands still. */
  readonly leaseMs?: number;
}

async function outcomeOf({ count, pauseMs, leaseMs = timing.leaseMs }: Fault): Promise<unknown> {
  let settlements = 0;
  const createTransport = () =>
    decorated(() => ({
      consumer: (consumer) => ({
        settle(all) {
          if (settlements++ >= count) return consumer.settle(all);
          for (const end = performance.now() + pauseMs; performance.now() < end; );
          return all.map(() => "lost" as const);
        },
      }),
    }));
  const { capabilities } = createTransport();
  const options = { only: ["LEASE-1"], timing: { ...timing, leaseMs } };
  const [verdict] = await runContract({ createTransport, capabilities }, options);
  return verdict?.outcome;
}

test.each([
  ["once, late because the machine stood still", "passed", { count: 1, pauseMs: 100 }],
  ["late each time", "failed", { count: Number.POSITIVE_INFINITY, pauseMs: 100 }],
  ["once, in time", "failed", { count: 1, pauseMs: 0, leaseMs: 5_000 }],
])("an ack that is refused %s: the rule is %s", async (_what, outcome, fault) => {
  expect(await outcomeOf(fault)).toBe(outcome);
});
