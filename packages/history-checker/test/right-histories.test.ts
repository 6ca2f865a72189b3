// The checker is a test tool, and tested like one: no alarm of any tier over right histories.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { seedFromEnvironment } from "../src/random.js";
import { judgeSimulated, rightHistory } from "../src/simulation/judge-simulated.js";

const seed = seedFromEnvironment();
const HISTORIES = 10_000;

test(`no tier raises an alarm over ${HISTORIES} right histories, SLUICE_SEED=${seed}`, {
  timeout: 120_000,
}, () => {
  const tally = judgeSimulated(seed, { from: 0, to: HISTORIES, stride: 1 });
  console.log(`seed ${seed}: ${JSON.stringify(tally)}`);
  expect(tally.falseAlarm).toBeUndefined();
  expect(tally.histories).toBe(HISTORIES);
  // It gives up over a few of those with a tenth of their outcomes unknown.
  expect(tally.unknown).toBeLessThan(HISTORIES / 1000);
});

test("they have all that is to be told apart: kills, expiries, unknown outcomes, late refusals, seals", () => {
  const operations = Array.from({ length: 200 }, (_, index) => rightHistory(seed, index).operations).flat();
  for (const outcome of [
    "ok",
    "full",
    "empty",
    "sealed",
    "end",
    "lost",
    "none",
    "unknown",
    undefined,
  ] as const) {
    expect(
      operations.some((one) => one.outcome === outcome),
      String(outcome),
    ).toBe(true);
  }
  for (const kind of ["put", "take", "lease", "ack", "nack", "release", "seal"] as const) {
    expect(
      operations.some((one) => one.kind === kind),
      kind,
    ).toBe(true);
  }
  expect(operations.some((one) => (one.deliveries ?? 0) > 2)).toBe(true);
});

const main = fileURLToPath(new URL("../dist/simulation/million-main.js", import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });

test("the command judges as many as it is told, and says what it found", () => {
  const { status, stdout } = run("--histories", "300", "--seed", String(seed));
  expect(stdout).toMatch(new RegExp(`^seed ${seed}: no false alarm in 300 right histories`));
  expect(status).toBe(0);
});

test.each([
  [["--histories", "many"], 'Expected --histories to be an integer from 1, got "many"'],
  [["--nope"], "Unknown option '--nope'"],
])("%j: one line, and exit code 2", (args, message) => {
  const { status, stderr } = run(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});
