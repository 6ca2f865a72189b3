// The driver that kills, as CI runs it: fifty, where its command of its own takes 10,000.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("./kills/main.mjs", import.meta.url));

test("50 processes killed in bursts of work: nothing stuck, torn or twice, and no more lost than may be", {
  timeout: 240_000,
}, () => {
  const run = spawnSync(process.execPath, [MAIN, "--kills", "50"], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.status, run.stdout).toBe(0);
  const told = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as Record<string, number>;
  expect(told).toMatchObject({ kills: 50, twice: 0, stuck: 0, torn: 0 });
});

test("bad options are told in one line", () => {
  const run = spawnSync(process.execPath, [MAIN, "--kills", "many"], { encoding: "utf8" });
  expect([run.status, run.stderr.trim().split("\n").length]).toEqual([2, 1]);
});
