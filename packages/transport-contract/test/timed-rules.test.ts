// What a rule with times of its own says where the machine stood still meanwhile, and where it did not.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { runContract, type Timing } from "../dist/index.js";
import { decorated } from "./gallery/decorate.js";

/** More than a handle is let go in, and less than a run of the rule takes. */
const LATE_MS = 300;

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

test("what a run of a rule left under way, and is told late of its end, is nothing to the next run", async () => {
  let isFirst = true;
  const createTransport = () =>
    decorated(() => ({
      consumer: (consumer) => ({
        // Long after the end of the rule, which waits for it no longer than a moment.
        async poll(max, wait, lease) {
          const polled = await consumer.poll(max, wait, lease);
          if (wait.signal.aborted) await sleep(LATE_MS);
          return polled;
        },
        settle(all) {
          if (!isFirst || all[0]?.kind !== "extend") return consumer.settle(all);
          isFirst = false;
          for (const end = performance.now() + 2 * timing.leaseMs; performance.now() < end; );
          return all.map(() => "lost" as const);
        },
      }),
    }));
  const { capabilities } = createTransport();
  const [verdict] = await runContract({ createTransport, capabilities }, { only: ["LEASE-6"], timing });
  expect({ isFirst, outcome: verdict?.outcome, error: verdict?.error }).toEqual({
    isFirst: false,
    outcome: "passed",
    error: undefined,
  });
});
