// The lock is real: while its holder is stopped nobody else commits, and is told so; when it is killed the others go on at once.

import "./support/failpoints.js";
import { type ChildProcess, fork } from "node:child_process";
import { once as event } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { setImmediate as afterTurn, setTimeout as sleep } from "node:timers/promises";
import type { BufferPort } from "@sluice/core";
import { loadNativePort } from "@sluice/native-port";
import { describe, expect, test } from "vitest";
import { Appender } from "./support/append.js";
import { neverPassed, once } from "./support/failpoints.js";
import { layoutOf } from "./support/log.js";
import { created, Folder, noWait, now, opened, Worker } from "./support/ports.js";
import { tree } from "./support/tree.js";

const flocked = (folder: Folder, settings = {}, durability: "fsync" | "none" = "none") =>
  created(folder, settings, durability, "flock");

/** A process that stands still with the lock in its hands. */
async function holder(buffer: BufferPort, point: string): Promise<ChildProcess> {
  const child = fork(new URL("./support/lock-holder.mjs", import.meta.url), [point]);
  child.send({ ...buffer.address });
  const [said] = await event(child, "message");
  expect(said).toBe("stops");
  while (!/State:\s+T/.test(readFileSync(`/proc/${child.pid}/status`, "latin1"))) await sleep(5);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await event(child, "exit");
}

const durabilities = ["none", "fsync"] as const;

describe.each(durabilities)("durability %s, a holder that is stopped", (durability) => {
  test.each(["file.before-write", "file.before-commit", "file.after-commit"])(
    "at %s keeps everybody out, by name; after SIGCONT all is well",
    async (point) => {
      using folder = new Folder();
      const buffer = await flocked(folder, {}, durability);
      const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
      const child = await holder(buffer, point);
      try {
        const busy = expect.objectContaining({
          code: "BUFFER_BUSY",
          effect: "none",
          message: expect.stringContaining(`process ${child.pid}`),
        });
        const calls = [
          () => producer.offer(1, [Buffer.from("9")], noWait),
          () => consumer.poll(1, noWait),
          () => buffer.counts(),
          () => buffer.seal({ discard: false }),
          () => consumer.poll(1, { ...noWait, maxMs: 60_000 }),
        ];
        for (const call of calls) await expect(call()).rejects.toEqual(busy);
        // Who opens it needs no lock for that.
        const late = await opened(folder);
        await expect(late.counts()).rejects.toEqual(busy);
        const answer = event(child, "message");
        child.kill("SIGCONT");
        expect((await answer)[0]).toEqual({ accepted: 1, state: "open" });
        expect(await late.counts()).toMatchObject({ ready: 2, produced: 2 });
        expect((await consumer.poll(5, noWait)).deliveries).toHaveLength(2);
        expect((await producer.offer(1, [Buffer.from("9")], noWait)).accepted).toBe(1);
        await late.close();
      } finally {
        await killed(child);
      }
      await buffer.destroy();
    },
  );
});

test("a call that waits for the lock is told at its own deadline, or when its caller gives up", async () => {
  using folder = new Folder();
  await flocked(folder);
  const buffer = await opened(folder, { lockWaitMs: 60_000 });
  const consumer = await buffer.consumer();
  const child = await holder(buffer, "file.before-commit");
  try {
    const busy = { code: "BUFFER_BUSY", effect: "none" };
    await expect(consumer.poll(1, { ...noWait, maxMs: 30 })).rejects.toMatchObject(busy);
    const abort = new AbortController();
    const polled = consumer.poll(1, { ...noWait, maxMs: 60_000, signal: abort.signal });
    abort.abort();
    await expect(polled).rejects.toMatchObject(busy);
    // One that has no deadline of its own, and gets the lock in time.
    const counted = buffer.counts();
    await killed(child);
    expect(await counted).toMatchObject({ produced: 1 });
  } finally {
    await killed(child);
  }
  await buffer.destroy();
});

test("a process that stood still itself looks again before it says that the holder does", async () => {
  using folder = new Folder();
  const buffer = await flocked(folder);
  const native = await loadNativePort();
  // Each descriptor has its own hold, in one process too.
  const fd = openSync(layoutOf(folder).lock, "r+");
  expect(native.flock(fd, "exclusive")).toBe(true);
  const counted = Promise.resolve(buffer.counts());
  counted.catch(() => {});
  // It has looked once. Then, for longer than `lockWaitMs`:
  await new Promise((resolve) => process.nextTick(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  // The holder is still there at the next looks.
  for (let turns = 0; turns < 4; turns++) await afterTurn();
  closeSync(fd);
  expect(await counted).toMatchObject({ ready: 0 });
  await buffer.destroy();
});

test.each(["file.before-commit", "file.after-commit"])(
  "a holder that is killed at %s has let go, and its commit is there or not",
  async (point) => {
    using folder = new Folder();
    const buffer = await flocked(folder);
    const child = await holder(buffer, point);
    await killed(child);
    const produced = point === "file.after-commit" ? 2 : 1;
    // At once: the lock is not waited for.
    expect(now(buffer.counts())).toMatchObject({ produced, ready: produced });
    await buffer.destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  },
);

describe("within one process", () => {
  test("while one handle is in the middle of a commit, the calls of another wait, and come in their order", async () => {
    using folder = new Folder();
    const [a, b] = [await Worker.on(await flocked(folder)), await Worker.on(await opened(folder))];
    const order: number[] = [];
    const waiting: Promise<unknown>[] = [];
    once("file.before-commit", () => {
      for (const value of [2, 3, 4]) {
        const offered = b.producer.offer(value - 1, [Buffer.from(String(value))], noWait);
        expect(offered).toBeInstanceOf(Promise);
        waiting.push(Promise.resolve(offered).then(() => order.push(value)));
      }
    });
    expect(a.put(1)).toBe(1);
    expect(neverPassed()).toEqual([]);
    await Promise.all(waiting);
    expect(order).toEqual([2, 3, 4]);
    expect(a.take(5)).toEqual([1, 2, 3, 4]);
  });

  test("destroyed and made anew at the same place: the old handles do not touch it", async () => {
    using folder = new Folder();
    const old = await Worker.on(await flocked(folder));
    const other = await Worker.on(await opened(folder));
    await other.buffer.destroy();
    expect(existsSync(folder.place)).toBe(false);
    const anew = await Worker.on(await flocked(folder));
    const destroyed = expect.objectContaining({ code: "BUFFER_DESTROYED" });
    expect(() => old.put(999)).toThrow(destroyed);
    expect(() => old.take()).toThrow(destroyed);
    expect(() => old.counts()).toThrow(destroyed);
    await old.buffer.close();
    expect(anew.counts()).toMatchObject({ produced: 0, ready: 0, peak: 0 });
    anew.put(1);
    expect(anew.take()).toEqual([1]);
    await anew.buffer.destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("a handle that is closed touches no descriptor any more", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await flocked(folder));
    await worker.buffer.close();
    const closed = expect.objectContaining({ code: "HANDLE_CLOSED" });
    expect(() => worker.put(1)).toThrow(closed);
    expect(() => worker.counts()).toThrow(closed);
    using appender = new Appender(folder);
    appender.log.close();
    expect(() => appender.log.catchUp()).toThrow(closed);
  });
});

test("directories are 0700 and files 0600, whatever the umask, also after cuts of the log", async () => {
  using folder = new Folder();
  const umask = process.umask(0);
  try {
    await flocked(folder);
    using appender = new Appender(folder);
    for (let i = 0; i < 4; i++) appender.cut();
    const modes = tree(folder.path).map((line) => line.split(" ")[1]);
    expect(new Set(modes)).toEqual(new Set(["700", "600"]));
    expect(statSync(folder.place).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(umask);
  }
});
