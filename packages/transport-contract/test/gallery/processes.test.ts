// The rules with real processes: each transport that is wrong between processes is failed by the rules that name it, and those
// that take turns are not.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
// The compiled kit, whose child processes are compiled too.
import { runContract } from "../../dist/index.js";
import { brokenBetweenProcesses, brokenFileHarness, racyHarness } from "./broken-processes.js";

const timing = { signalMs: 3000, noSignalMs: 60, leaseMs: 120 };
const historiesIn = mkdtempSync(join(tmpdir(), "sluice-histories-"));
afterAll(() => rmSync(historiesIn, { recursive: true, force: true }));

const minutes = { timeout: 180_000 };

test("pass a transport whose processes take turns", minutes, async () => {
  const rules = ["PROC-1", "PROC-3", "PROC-4", "PROC-5"];
  const verdicts = await runContract(racyHarness(true), { only: rules });
  expect(verdicts.map(({ rule, outcome, error }) => ({ rule, outcome, error }))).toEqual(
    rules.map((rule) => ({ rule, outcome: "passed", error: undefined })),
  );
});

test("pass the file transport in the frame of those that are broken", minutes, async () => {
  const only = ["PROC-4", "PROC-5", "PROC-11", "PROC-23"];
  const verdicts = await runContract(brokenFileHarness("none"), { only });
  expect(verdicts.map(({ outcome, error }) => ({ outcome, error }))).toEqual(
    only.map(() => ({ outcome: "passed", error: undefined })),
  );
});

// Most of them wait in vain, for seconds: side by side.
describe.concurrent.each(brokenBetweenProcesses)("a transport that $what", ({ rules, harness }) => {
  test.for(rules)("is failed by %s", minutes, async (rule, { expect }) => {
    const [verdict] = await runContract(harness(), { only: [rule], timing, historiesIn });
    expect(verdict).toMatchObject({ rule, outcome: "failed" });
    expect(String(verdict?.error)).toMatch(new RegExp(`^Error: ${rule}: `));
  });
});
