// One Ctrl-C in the terminal at whatever instant of the start: the same end, nobody is blamed, nothing is left behind.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type DemoProcess, demo, freshFolder, leftIn, linesOf } from "./demo-process.js";

const endless = ["--items", "9000,9000", "--produce-ms", "0-10", "--consume-ms", "0-10"];

function started(folder: string, ...args: string[]): DemoProcess {
  return demo([...args, ...endless], { folder, detached: true });
}

/** How long it takes until the workers work, on this machine as it is now. */
async function startMsOver(transport: string): Promise<number> {
  const begunAt = performance.now();
  const running = started(freshFolder(), "--transport", transport);
  await running.printed(/workers are ready/);
  const tookMs = performance.now() - begunAt;
  running.child.kill("SIGINT");
  await running.ended;
  return tookMs;
}

/** To the group, as a terminal does. */
function pressCtrlC({ child }: DemoProcess): void {
  process.kill(-(child.pid as number), "SIGINT");
}

/** Looks without a pause: what comes next is near. */
async function soon(isSo: () => boolean, { child }: DemoProcess): Promise<void> {
  while (!isSo() && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
}

/** Drained, and told so; or ended by the signal itself, where nobody heard it yet. */
async function expectOrderlyEnd(running: DemoProcess, folder: string): Promise<void> {
  const { code, stdout, stderr } = await running.ended;
  expect(stderr).toBe("");
  expect(stdout).not.toMatch(/failed|crash/);
  expect(leftIn(folder)).toEqual([]);
  if (running.child.signalCode === "SIGINT" && stdout === "") return;
  expect(code, stdout).toBe(130);
  expect(linesOf(stdout).at(-1)).toMatch(/^(?<all>\d+) produced, \k<all> consumed, 0 remaining$/);
}

test.each(["file", "zeromq"])("over %s, Ctrl-C at twelve instants of the start", async (transport) => {
  const startMs = await startMsOver(transport);
  for (let instant = 1; instant <= 12; instant++) {
    const folder = freshFolder();
    const running = started(folder, "--transport", transport);
    // A process that is there hears, or ends by the signal.
    await delay((startMs * instant) / 12);
    pressCtrlC(running);
    await expectOrderlyEnd(running, folder);
  }
});

test("Ctrl-C as soon as there is a folder for the buffer: it is heard, and the folder is gone", async () => {
  const folder = freshFolder();
  const running = started(folder);
  await soon(() => leftIn(folder).length > 0, running);
  pressCtrlC(running);
  await expectOrderlyEnd(running, folder);
  expect(running.child.exitCode).toBe(130);
});

test("Ctrl-C while the broker loads: it is the demo's", async () => {
  const folder = freshFolder();
  const running = started(folder, "--transport", "zeromq");
  const isThere = () =>
    execFileSync("ps", ["-A", "-o", "ppid=,args="], { encoding: "utf8" })
      .split("\n")
      .some((line) => line.trim().startsWith(`${running.child.pid} `) && line.includes("broker-main"));
  await soon(isThere, running);
  pressCtrlC(running);
  await expectOrderlyEnd(running, folder);
  expect(running.child.exitCode).toBe(130);
});

test("Ctrl-C twice while a buffer is begun: what is impatient stops at once", async () => {
  const folder = freshFolder();
  const running = started(folder);
  await running.printed(/Buffer created/);
  pressCtrlC(running);
  await running.printed(/the consumers drain the buffer/);
  pressCtrlC(running);
  const { stderr } = await running.ended;
  expect(stderr).toBe("");
  expect([4, 130]).toContain(running.child.exitCode);
});

test.each(["--input", "--output"])(
  "Ctrl-C while %s is a pipe that nobody opens: it ends by the signal",
  async (option) => {
    const startMs = await startMsOver("file");
    for (const part of [0.25, 0.5, 1, 1.5]) {
      const folder = freshFolder();
      execFileSync("mkfifo", [join(folder, ".test-pipe")]);
      const running = demo([option, ".test-pipe"], { folder, detached: true });
      await delay(startMs * part);
      pressCtrlC(running);
      const { stderr } = await running.ended;
      expect({ stderr, signal: running.child.signalCode }).toEqual({ stderr: "", signal: "SIGINT" });
      expect(leftIn(folder)).toEqual([]);
    }
  },
);
