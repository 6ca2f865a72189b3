// Goal: what processes use is counted, of all that were started and of nobody else. Method: a child and its own child, which do
// a known number of things when they are told to.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { costsOf, resetPeaks, startedProcesses } from "../dist/process-costs.js";
import { findCounter } from "../dist/system-calls.js";

const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const CALLS = 5_000;
const SLEEPS = 20;

// Says its own child's number, and after a line does its things and says so.
const program = `
  const { spawn } = require("node:child_process");
  const { statSync } = require("node:fs");
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "inherit"] });
  console.log(child.pid);
  process.stdin.once("data", async () => {
    for (let i = 0; i < ${CALLS}; i++) statSync("/");
    for (let i = 0; i < ${SLEEPS}; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    console.log("done");
  });
  process.stdin.on("end", () => { child.kill("SIGKILL"); process.exit(); });`;

let started: ChildProcess | undefined;
afterEach(async () => {
  if (started === undefined || started.exitCode !== null) return;
  const exit = once(started, "exit");
  started.stdin?.end();
  await exit;
});

async function start() {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  started = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const grandchild = Number((await lines.next()).value);
  return {
    pids: [child.pid as number, grandchild],
    async act() {
      child.stdin.write("\n");
      expect((await lines.next()).value).toBe("done");
    },
  };
}

describe.skipIf(process.platform !== "linux")("on Linux", () => {
  test("what was started is found, with what that has started", async () => {
    const { pids } = await start();
    expect(startedProcesses()).toEqual(expect.arrayContaining(pids));
    expect(startedProcesses()).not.toContain(process.pid);
    expect(startedProcesses()).not.toContain(process.ppid);
  });

  test("their time, their waits and their memory are added up; who has ended counts for nothing", async () => {
    const { pids, act } = await start();
    resetPeaks(pids);
    const before = costsOf(pids);
    await act();
    const after = costsOf(pids);
    if (before === undefined || after === undefined) throw new Error("There are no costs of what runs");
    expect(after.cpuUs).toBeGreaterThan(before.cpuUs);
    // Of a sleep that is over before it has begun, on a busy machine, there is nothing to see.
    expect(after.wakeUps - before.wakeUps).toBeGreaterThanOrEqual(SLEEPS / 2);
    const [one] = pids.map((pid) => costsOf([pid])?.peakBytes ?? 0) as [number, number];
    expect(after.peakBytes, "of both, beside that of one").toBeGreaterThan(one);
    const { pid: ended } = spawnSync(process.execPath, ["-e", ""]);
    expect(costsOf([ended])).toBeUndefined();
  });
});

describe("system calls", () => {
  const counted = async (name: string) => {
    const counter = findCounter(directory, [name]);
    if ("why" in counter) return counter.why;
    const { pids, act } = await start();
    const counting = await counter.start(pids);
    await act();
    return counting.stop();
  };

  test.for(["perf", "strace"])(
    "are counted with %s, of all processes and from then on",
    async (name, context) => {
      const count = await counted(name);
      context.skip(typeof count === "string", String(count));
      expect(count).toBeGreaterThanOrEqual(CALLS);
      // With those of its own, but not what it took to start.
      expect(count).toBeLessThan(CALLS * 2);
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  test("where neither is, that is said, with the command that would help", () => {
    expect(findCounter(directory, [])).toEqual({
      why: expect.stringMatching(/neither.*apt-get install.* strace$/),
    });
  });
});
