// What the options come to, where no run can show it in time.
import { memoryTransport } from "@sluice/transport-memory";
import { expect, test } from "vitest";
import { readArgs } from "../dist/args.js";
import { planOf } from "../dist/plan.js";

function planWith(transport: string) {
  const command = readArgs(["--transport", transport]);
  if (command.kind !== "run") throw new Error("It runs nothing");
  const nothing = { lines: undefined, output: undefined, found: undefined };
  const plan = planOf(command.options, { transport: memoryTransport(), ...nothing });
  const [consumers] = [plan.consumers ?? []].flat();
  return { leaseMs: consumers?.leaseMs, drainDeadlineMs: plan.drainDeadlineMs ?? 0 };
}

test.each(["redis", "nats"])(
  "over %s, which sees no death, what the dead held comes back in time",
  (name) => {
    const { leaseMs, drainDeadlineMs } = planWith(name);
    expect(leaseMs).toBeLessThan(drainDeadlineMs / 2);
  },
);

test("over file, which sees deaths, leases are core's", () => {
  expect(planWith("file").leaseMs).toBeUndefined();
});
