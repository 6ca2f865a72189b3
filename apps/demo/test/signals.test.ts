// Signals, kills, and whoever reads our output leaving early: the exit code, the items and the processes afterwards.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openBuffer } from "@sluice/core";
import { fileTransport } from "@sluice/transport-file";
import { zeromqTransport } from "@sluice/transport-zeromq";
import { expect, test } from "vitest";
import { demo, eventsOf, freshFolder, isAlive, leftIn, linesOf, MAIN, pidsOf } from "./demo-process.js";

const many = ["--items", "240,240", "--produce-ms", "0-10"];

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s once: the buffer is drained, and the exit code tells of it", async (signal, exitCode) => {
  const folder = freshFolder();
  const running = demo([...many, "--consume-ms", "5-20", "--json"], { folder });
  const pids = await pidsOf(running);
  await running.printed(/"kind":"consumed"/);
  running.child.kill(signal);
  const ended = await running.ended;
  expect(ended.code, ended.stderr).toBe(exitCode);
  expect(eventsOf(ended).at(-1)).toMatchObject({
    kind: "report",
    drained: true,
    remaining: 0,
    endedBy: signal,
  });
  expect(pids).toHaveLength(4);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(leftIn(folder)).toEqual([]);
});

test.each([
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const)(
  "%s of a terminal goes to all processes: the broker too waits for the buffer to be drained",
  async (signal, exitCode) => {
    const folder = freshFolder();
    const args = ["--transport", "zeromq", ...many, "--consume-ms", "5-20", "--json"];
    const running = demo(args, { folder, detached: true });
    const pids = await pidsOf(running);
    await running.printed(/"kind":"consumed"/);
    // To the group, as a terminal does.
    process.kill(-(running.child.pid as number), signal);
    const ended = await running.ended;
    expect(ended.code, ended.stderr).toBe(exitCode);
    expect(eventsOf(ended).at(-1)).toMatchObject({ drained: true, remaining: 0, endedBy: signal });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(leftIn(folder)).toEqual([]);
  },
);

/** With items in the buffer and in hand. What it printed. */
async function interruptedTwice(options: readonly string[], folder: string): Promise<string> {
  const running = demo([...options, ...many, "--consume-ms", "60000"], { folder });
  await running.printed(/met the full buffer/);
  running.child.kill("SIGINT");
  await running.printed(/the consumers drain the buffer/);
  running.child.kill("SIGINT");
  const { code, stdout } = await running.ended;
  expect(code).toBe(4);
  return stdout;
}

test("SIGINT twice over zeromq: what is left ends with the broker, and nothing is left behind", async () => {
  const folder = freshFolder();
  const stdout = await interruptedTwice(["--transport", "zeromq"], folder);
  expect(stdout).not.toContain("The buffer is kept");
  expect(linesOf(stdout).at(-1)).toBe("5 produced, 0 consumed, 5 remaining");
  expect(leftIn(folder)).toEqual([]);
});

test("SIGINT twice over zeromq with a journal: it is kept, and nothing else is", async () => {
  const folder = freshFolder();
  const stdout = await interruptedTwice(["--transport", "zeromq", "--journal", "kept"], folder);
  expect(stdout).toContain("Buffer created with max size 5 (zeromq, with a journal)");
  expect(stdout).toContain(`The buffer is kept at ${join(folder, "kept")}`);
  expect(leftIn(folder).filter((name) => name !== "kept.lock")).toEqual(["kept"]);
  const url = `ipc://${join(folder, "private", "socket")}`;
  const buffer = await openBuffer(zeromqTransport({ url, journal: join(folder, "kept") }));
  expect(await buffer.counts()).toMatchObject({ ready: 5, leased: 0, sealed: true });
  await buffer.destroy();
});

test.each([
  ["in a folder of the demo's own", []],
  ["at a path", ["--path", "here"]],
])(
  "over zeromq, a broker that is killed, %s: nothing is left behind, and what is unknown is not told as 0",
  async (_where, path) => {
    const folder = freshFolder();
    chmodSync(folder, 0o700);
    const args = ["--transport", "zeromq", ...path, ...many, "--consume-ms", "5-20"];
    const running = demo(args, { folder });
    await running.printed(/Consumer-1 consumed/);
    process.kill(brokerOf(running.child.pid as number), "SIGKILL");
    const { code, stdout } = await running.ended;
    expect(code, stdout).toBe(3);
    expect(stdout).toMatch(/^peak unknown of 5, /m);
    expect(leftIn(folder)).toEqual([]);
  },
);

function brokerOf(parent: number): number {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const found = lines
    .map((line) => line.trim().split(/\s+/))
    .find(([, ppid, ...args]) => Number(ppid) === parent && args.join(" ").includes("broker-main"));
  return Number(found?.[0]);
}

test("SIGINT twice: what is in hand goes back, and the buffer is kept where the demo says", async () => {
  const folder = freshFolder();
  const stdout = await interruptedTwice(["--path", "here"], folder);
  expect(stdout).toContain("5 produced, 0 consumed, 5 remaining");
  expect(linesOf(stdout).at(-1)).toBe("5 produced, 0 consumed, 5 remaining");
  expect(stdout).toContain(`The buffer is kept at ${join(folder, "here")}`);
  const buffer = await openBuffer(fileTransport({ path: join(folder, "here") }));
  expect(await buffer.counts()).toMatchObject({ ready: 5, leased: 0, sealed: true });
  await buffer.destroy();
});

test("--keep keeps the buffer, also when it is drained", async () => {
  const folder = freshFolder();
  const args = ["--items", "1", "--produce-ms", "0", "--consume-ms", "0", "--keep", "--path", "kept"];
  const { code, stdout } = await demo(args, { folder }).ended;
  expect(code).toBe(0);
  expect(stdout).toContain(`The buffer is kept at ${join(folder, "kept")}`);
  expect(existsSync(join(folder, "kept"))).toBe(true);
});

test("a worker that is killed from outside is back, and goes on where it was", async () => {
  const folder = freshFolder();
  const some = ["--items", "100,100", "--produce-ms", "0-10", "--consume-ms", "5-20", "--json"];
  const running = demo(some, { folder });
  const pids = await pidsOf(running);
  await running.printed(/"kind":"consumed"/);
  process.kill(pids[0] ?? 0, "SIGKILL");
  const ended = await running.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(eventsOf(ended).at(-1)).toMatchObject({ produced: 200, consumed: 200, restarts: 1, drained: true });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(leftIn(folder)).toEqual([]);
});

test("whoever reads the story may leave early: the run goes on", async () => {
  const folder = freshFolder();
  const child = spawn(process.execPath, [MAIN, "--output", "out", "--consume-ms", "20"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(linesOf(readFileSync(join(folder, "out"), "utf8"))).toHaveLength(9);
});

test.skipIf(!existsSync("/dev/full"))(
  "a log whose disk is full: the run goes on, and says so once",
  async () => {
    const folder = freshFolder();
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, "--output", "out", "--consume-ms", "20"], {
      cwd: folder,
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "demo: Standard output is lost: ENOSPC: no space left on device, write\n",
    });
    expect(linesOf(readFileSync(join(folder, "out"), "utf8"))).toHaveLength(9);
  },
);

test("--idle-ms: consumers that see nothing for so long stop, and the run with them", async () => {
  const args = ["--transport", "memory", "--items", "1", "--produce-ms", "60000", "--idle-ms", "50"];
  const { code, stdout } = await demo(args).ended;
  expect(code).toBe(0);
  expect(stdout).toContain("Consumer-1 saw nothing for too long and stops");
  expect(linesOf(stdout).at(-1)).toBe("0 produced, 0 consumed, 0 remaining");
});
