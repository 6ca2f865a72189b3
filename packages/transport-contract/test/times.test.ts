// The times of a run: what the variables multiply, and that no effort makes one longer than a timer can be set for.
import { afterEach, expect, test, vi } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { describeTransportContract, runContract, timingFromEnvironment } from "../dist/index.js";

afterEach(() => void vi.unstubAllEnvs());

const harness = { createTransport: () => memoryTransport(), capabilities: memoryTransport().capabilities };
const TIMER_MS_MAX = 2 ** 31 - 1;

test("SLUICE_SIGNAL_SCALE multiplies what must happen, SLUICE_TIMEOUT_SCALE everything", () => {
  vi.stubEnv("SLUICE_TIMEOUT_SCALE", "");
  vi.stubEnv("SLUICE_SIGNAL_SCALE", "4");
  expect(timingFromEnvironment()).toEqual({ signalMs: 40_000, noSignalMs: 60, leaseMs: 120 });
  vi.stubEnv("SLUICE_TIMEOUT_SCALE", "2");
  expect(timingFromEnvironment()).toEqual({ signalMs: 80_000, noSignalMs: 120, leaseMs: 240 });
});

test("a rule that may take longer than a timer can be set for is not out of time at once", async () => {
  // It waits for the end of a lease.
  const verdicts = await runContract(harness, { only: ["LEASE-4"], effort: 1_000_000 });
  expect(verdicts.map(({ outcome, error }) => error ?? outcome)).toEqual(["passed"]);
});

test("the limit that a runner is told is one that it can keep, and has room for each run of a rule", () => {
  const limits = (rule: string, effort: number) => {
    const told: unknown[] = [];
    const declare = (_title: string, _run: unknown, limitMs?: number) => void told.push(limitMs);
    const runner = { test: Object.assign(declare, { skip: () => {} }) };
    describeTransportContract("memory", harness, runner, { only: [rule], effort });
    return told;
  };
  expect(limits("LEASE-2", 1_000_000)).toEqual([TIMER_MS_MAX]);
  const [once] = limits("LEASE-2", 1);
  expect(limits("LEASE-12", 1)).toEqual([5 * Number(once)]);
});
