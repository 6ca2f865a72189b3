// However a run ends, nothing that it started outlives it: no child process, no disk, no folder; and the harness clears away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { smallDiskReason } from "../dist/disk/small-disk.js";
import { straceReason } from "../dist/disk/strace.js";
// The compiled kit, whose child processes are compiled too.
import { type Harness, runContract } from "../dist/index.js";
import { type Hanging, hanging, isAlive } from "./support/hanging.js";

const main = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));
const until = { timeout: 60_000, interval: 20 };

let run: Hanging;
beforeEach(() => {
  run = hanging();
});
afterEach(() => {
  vi.unstubAllEnvs();
  run.remove();
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...run.env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return { child, said: () => said };
}

// What each of them is in the middle of: workers of a run with kills, a script under strace, one on a small disk, one that reads.
const rules: [string, string | undefined][] = [
  ["PROC-1", undefined],
  ["PROC-19", undefined],
  ["DISK-1", straceReason()],
  ["DISK-3", undefined],
  ["DISK-5", smallDiskReason()],
  ["DURABLE-1", undefined],
];

describe.each(rules)("%s, in the middle of which somebody hangs", (rule, unable) => {
  test.skipIf(unable !== undefined)("ends with its time", async () => {
    for (const [name, value] of Object.entries(run.env)) vi.stubEnv(name, value);
    const { default: harness } = (await import(run.module)) as { default: Harness };
    const [verdict] = await runContract(harness, {
      only: [rule],
      timing: { signalMs: 300, noSignalMs: 30, leaseMs: 100 },
    });
    expect(verdict?.outcome).toBe("failed");
    expect(String(verdict?.error)).toMatch(/still waiting after \d+ ms/);
    // A machine may need longer for it than the little time that it has here.
    await vi.waitFor(() => expect(run.pids().filter(isAlive)).toEqual([]), until);
    // Of a rule that failed: its history.
    const left = () => run.temporary().filter((name) => !name.startsWith(`sluice-${rule}-`));
    await vi.waitFor(() => expect(left()).toEqual([]), until);
    expect(run.cleanups()).toBeGreaterThan(0);
  });

  test.skipIf(unable !== undefined)("ends with a SIGTERM of the command", until, async () => {
    const { child, said } = start("run", run.module, "--only", `${rule},LIFE-1`);
    await vi.waitFor(() => expect(run.pids()).not.toEqual([]), until);
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([143, null]);
    const left = said()
      .split("\n")
      .filter((line) => line.startsWith("transport-contract: "));
    expect(left).toEqual([
      expect.stringMatching(`^transport-contract: interrupted by SIGTERM; not run: .*${rule}`),
    ]);
    expect(run.pids().filter(isAlive)).toEqual([]);
    expect(run.temporary()).toEqual([]);
    expect(run.cleanups()).toBeGreaterThan(0);
  });
});

test("a second signal ends the command at once, and its processes with it", until, async () => {
  const never = `${run.module}.never.mjs`;
  writeFileSync(
    never,
    `import harness from ${JSON.stringify(run.module)};
     export default { ...harness, cleanup: () => new Promise(() => {}) };`,
  );
  const { child, said } = start("run", never, "--only", "DISK-3");
  await vi.waitFor(() => expect(run.pids()).not.toEqual([]), until);
  child.kill("SIGINT");
  // It waits for the cleanup now.
  await vi.waitFor(() => expect(run.pids().filter(isAlive)).toEqual([]), until);
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
  expect(said()).not.toContain("interrupted");
  expect(run.temporary()).toEqual([]);
});

test("a second signal ends a command whose adapter never gives its event loop a turn", until, async () => {
  const blocking = `${run.module}.blocking.mjs`;
  const [blocked, heard] = [`${run.module}.blocked`, `${run.module}.heard`];
  writeFileSync(
    blocking,
    `import { readSync, writeFileSync } from "node:fs";
     import harness from ${JSON.stringify(run.module)};
     const createTransport = () => {
       writeFileSync(${JSON.stringify(blocked)}, "");
       // What the first signal is passed on by: two that are sent at once may be taken in either order.
       while (!hears());
       writeFileSync(${JSON.stringify(heard)}, "");
       for (;;);
     };
     const hears = () => {
       try {
         return readSync(process.channel.fd, Buffer.alloc(1_000)) > 0;
       } catch (error) {
         if (error.code !== "EAGAIN") throw error;
         return false;
       }
     };
     export default { ...harness, createTransport };`,
  );
  const { child, said } = start("run", blocking, "--only", "RETRY-1");
  await vi.waitFor(() => expect(existsSync(blocked)).toBe(true), until);
  child.kill("SIGINT");
  await vi.waitFor(() => expect(existsSync(heard)).toBe(true), until);
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([143, null]);
  expect(said()).toMatch(
    /^transport-contract: the adapter or its harness blocks its process, in RETRY-1: it was killed/m,
  );
});

test(
  "one signal ends a command whose adapter never gives its event loop a turn, in its time",
  until,
  async () => {
    const blocking = `${run.module}.blocking.mjs`;
    const blocked = `${run.module}.blocked`;
    writeFileSync(
      blocking,
      `import { writeFileSync } from "node:fs";
     import harness from ${JSON.stringify(run.module)};
     const createTransport = () => {
       writeFileSync(${JSON.stringify(blocked)}, "");
       for (;;);
     };
     export default { ...harness, createTransport };`,
    );
    // What clears away in order has several signal times.
    vi.stubEnv("SLUICE_SIGNAL_SCALE", "0.01");
    const { child, said } = start("run", blocking, "--only", "RETRY-1");
    await vi.waitFor(() => expect(existsSync(blocked)).toBe(true), until);
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([143, null]);
    expect(said()).toMatch(
      /^transport-contract: the adapter or its harness blocks its process, in RETRY-1: it was killed/m,
    );
  },
);

test("the driver that kills ends with a SIGINT: nobody is left, and nothing is judged", until, async () => {
  const { child, said } = start("chaos", run.module, "--quiet");
  await vi.waitFor(() => expect(run.pids()).toHaveLength(4), until);
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
  expect(said()).toMatch(
    /^transport-contract: interrupted by SIGINT after: it began; nothing is judged of seed \d+\n$/,
  );
  expect(run.pids().filter(isAlive)).toEqual([]);
  expect(run.temporary()).toEqual([]);
  expect(run.cleanups()).toBe(1);
});
