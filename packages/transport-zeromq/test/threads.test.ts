// A thread ends when ZeroMQ has let go of what it sent; else the memory of the whole process is damaged.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { openBuffer } from "@sluice/core";
import { expect, onTestFinished, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { freshSocket, madeBuffer } from "./support/buffers.js";

test("threads that close with much on the way to a broker that reads nothing end, and their process goes on", async () => {
  const { url, brokerPid } = await madeBuffer({ capacity: 5, broker: "process" });
  const script = fileURLToPath(new URL("./support/close-in-thread.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, url], { stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const errors = text(child.stderr);
  await once(child.stdout, "data");
  const rest = text(child.stdout);
  process.kill(brokerPid, "SIGSTOP");
  child.stdin.write("\n");
  expect(await ended, "how the process ended").toEqual([0, null]);
  expect([await rest, await errors]).toEqual(["over\n", ""]);
});

test("a broker's thread ends where its process has no file descriptor left, and the process goes on", async () => {
  const url = freshSocket();
  const script = fileURLToPath(new URL("./support/without-descriptors.mjs", import.meta.url));
  const limited = ["-c", 'ulimit -n 256 && exec "$0" "$@"', process.execPath, script, url];
  const child = spawn("/bin/sh", limited, { stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const errors = text(child.stderr);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect(await lines.next()).toMatchObject({ value: "made" });
  const buffer = await openBuffer(zeromqTransport({ url }));
  child.stdin.write("\n");
  expect(await lines.next()).toMatchObject({ value: "EMFILE" });
  await buffer.destroy();
  child.stdin.write("\n");
  expect(await lines.next()).toMatchObject({ value: "over" });
  expect([await ended, await errors]).toEqual([[0, null], ""]);
});

/** Runs a program that has `createBuffer` and `zeromqTransport`. Returns what it said, and what it complained of. */
function run(program: string): readonly [string, string] {
  const imports = `
    import { createBuffer } from "@sluice/core";
    import { zeromqTransport } from "./dist/index.js";
  `;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const args = ["--input-type=module", "--eval", imports + program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  return [stdout, stderr];
}

test("a broker's thread ends where somebody has asked ZeroMQ for more threads than it has, and leaves nothing behind", () => {
  const url = freshSocket();
  const program = `
    import { readdirSync } from "node:fs";
    import { context } from "zeromq";
    const buffer = await createBuffer(zeromqTransport({ url: ${JSON.stringify(url)} }), { capacity: 5 });
    context.ioThreads = 2;
    await buffer.destroy();
    console.log(readdirSync(${JSON.stringify(dirname(url.slice("ipc://".length)))}));
  `;
  expect(run(program)).toEqual(["[]\n", ""]);
});

test("a process may have many brokers in threads, and is not warned of a leak", () => {
  const program = `
    const made = () => createBuffer(zeromqTransport({ url: "tcp://127.0.0.1:*" }), { capacity: 5 });
    const buffers = await Promise.all(Array.from({ length: 12 }, made));
    for (const buffer of buffers.slice(6)) await buffer.destroy();
    console.log("over");
  `;
  expect(run(program)).toEqual(["over\n", ""]);
});
