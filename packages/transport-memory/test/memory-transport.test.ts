// What is this transport's own affair; the rules of all transports are in contract.test.ts.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createBuffer, isBufferError, openBuffer } from "@sluice/core";
import { memoryTransport } from "@sluice/transport-memory";
import { expect, test } from "vitest";

const code = (expected: string) => (error: unknown) => isBufferError(error) && error.code === expected;

/** Another process, which prints what it found; it ends by itself, or after 100 s by force. */
function inAnotherProcess(script: string) {
  const env = { ...process.env };
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env,
    timeout: 100_000,
  });
}
const prologue = `
  import { createBuffer, openAddress } from "@sluice/core";
  import { memoryTransport } from "@sluice/transport-memory";`;

test("a name leads to the same place, and no name to a new one", async () => {
  const buffer = await createBuffer<string>(memoryTransport({ name: "shared" }), { capacity: 1 });
  const other = await openBuffer(memoryTransport({ name: "shared" }));
  await (await buffer.producer()).put("a");
  expect(await (await other.consumer()).take()).toEqual({ done: false, value: "a" });
  await expect(openBuffer(memoryTransport())).rejects.toSatisfy(code("BUFFER_NOT_FOUND"));
  await buffer.destroy();
});

test.each([[""], [7], [null]])("refuses %j as a name", (name) => {
  expect(() => memoryTransport({ name: name as string })).toThrow(
    /^Expected `name` to be a string of at least one character/,
  );
});

test("tells another process that the buffer is not there, and why", async () => {
  const buffer = await createBuffer(memoryTransport(), { capacity: 1 });
  const { stdout, stderr } = inAnotherProcess(`${prologue}
    await openAddress(${JSON.stringify(buffer.address)}).catch((error) => console.log(error.code, error.message));`);
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^BUFFER_NOT_FOUND .*only the thread that made a memory buffer can open it/);
  await buffer.destroy();
});

test("tells a thread that the buffer is not there, and names the thread", async () => {
  const buffer = await createBuffer(memoryTransport({ name: "of another thread" }), { capacity: 1 });
  const thread = new Worker(
    `import("@sluice/core").then(async ({ openBuffer }) => {
      const { memoryTransport } = await import("@sluice/transport-memory");
      const { parentPort } = require("node:worker_threads");
      const opened = openBuffer(memoryTransport({ name: "of another thread" }));
      await opened.catch((error) => parentPort.postMessage([error.code, error.message]));
    });`,
    { eval: true },
  );
  const [[told, message]] = (await once(thread, "message")) as [[string, string]];
  expect(told).toBe("BUFFER_NOT_FOUND");
  expect(message).toBe(
    `There is no such buffer at "of another thread" in thread ${thread.threadId} of process ${process.pid}; ` +
      "only the thread that made a memory buffer can open it",
  );
  await thread.terminate();
  await buffer.destroy();
});

test("lets no small item overtake a large one that waits for bytes", async () => {
  const buffer = await createBuffer<string>(memoryTransport(), {
    capacity: 10,
    itemBytesMax: 1000,
    bufferBytesMax: 2024,
  });
  const [first, second] = [await buffer.producer(), await buffer.producer()];
  await first.put("x".repeat(990));
  await first.put("y".repeat(990));
  const large = first.put("z".repeat(990));
  const small = second.put("s");
  const consumer = await buffer.consumer();
  for (const letter of ["x", "y", "z"]) {
    const got = await consumer.take();
    expect(got.done ? "end" : got.value[0]).toBe(letter);
  }
  expect(await consumer.take()).toEqual({ done: false, value: "s" });
  await Promise.all([large, small]);
  await buffer.destroy();
});

test("lets a process end with a lease open", () => {
  const { status, stdout, stderr } = inAnotherProcess(`${prologue}
    const buffer = await createBuffer(memoryTransport(), { capacity: 1 });
    await (await buffer.producer()).put("a");
    await (await buffer.consumer()).lease({ leaseMs: 600_000 });
    console.log("done");`);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "done\n", stderr: "" });
});

test("keeps a process whose take waits for an item that is leased", () => {
  const { status, stdout, stderr } = inAnotherProcess(`${prologue}
    const buffer = await createBuffer(memoryTransport(), { capacity: 1 });
    await (await buffer.producer()).put("a");
    await (await buffer.consumer()).lease({ leaseMs: 100 });
    console.log((await (await buffer.consumer()).take()).value);`);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "a\n", stderr: "" });
});
