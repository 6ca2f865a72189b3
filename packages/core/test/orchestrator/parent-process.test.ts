// What a run takes over from the process that it is in, and whether that can end after it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { create, fileTransport, freshPath, inline, isAlive, pids, watch, worker } from "./harness.js";

const PARENT = new URL("./plain-parent.mjs", import.meta.url);

async function parentRun(nodeArgs: readonly string[], args: readonly string[]) {
  const parent = spawn(process.execPath, [...nodeArgs, freshPath(), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  let printed = "";
  parent.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  // Not `close`: who holds its output open is not its end.
  const [code] = await once(parent, "exit");
  return { code, printed };
}

test.each([
  [
    "as `node -e`, in processes",
    ["--input-type=module", "-e", `await import("${PARENT.href}")`, "--"],
    "process",
  ],
  ["with an option for V8, in threads", ["--max-old-space-size=500", PARENT.pathname], "thread"],
])("a program that runs %s", async (_how, nodeArgs, runIn) => {
  const { code, printed } = await parentRun(nodeArgs, [runIn, "collect"]);
  expect(printed).toMatch(/9 produced, 9 consumed, 0 remaining\n$/);
  expect(code).toBe(0);
});

test("a process that a worker leaves behind with its output open does not keep the program from its end", async () => {
  const { code, printed } = await parentRun([PARENT.pathname], ["process", "leaving-process"]);
  const left = Number(/left: (\d+)/.exec(printed)?.[1]);
  onTestFinished(() => void process.kill(left, "SIGKILL"));
  expect(code).toBe(0);
  expect(isAlive(left), `process ${left} to be there still`).toBe(true);
});

test.each([
  [
    "process",
    { args: { shared: new SharedArrayBuffer(8) } },
    /^The process cannot be started: .*could not be cloned/,
  ],
  ["thread", { execArgv: ["--expose-gc"] }, /^The thread cannot be started: .*--expose-gc/],
] as const)(
  "a %s that cannot be started at all fails the run, which ends in order",
  async (runIn, options, says) => {
    const { report, events } = watch({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 9 } },
      consumers: { module: inline("export default () => {}"), runIn, ...options },
    });
    const told = await report;
    expect(told).toMatchObject({ exitCode: 5, produced: 0, drained: true });
    expect(told.workers[1]?.error?.message).toMatch(says);
    // What could not be started has none.
    const started = pids(events).filter((pid) => pid > 0);
    expect(started).toHaveLength(1);
    expect(started.filter(isAlive)).toEqual([]);
  },
);
