// A thread ends when ZeroMQ has let go of what it sent; else the memory of the whole process is damaged.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { madeBuffer } from "./support/buffers.js";

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
