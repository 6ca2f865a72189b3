// What a store in memory promises besides the contract: answers at once, no system calls, bytes that are nobody else's.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BufferPort, BufferSpec } from "@sluice/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createMemoryStore, type MemoryStore } from "../dist/index.js";
import { ArrayModel, Checked, work } from "./support/array-model.js";
import { memoryStoreTransport } from "./support/memory-transport.mjs";
import { noWait, now, spec, toValue, Worker } from "./support/ports.js";

const { capabilities } = memoryStoreTransport();

function stopTheClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
}

function stored(settings: Partial<BufferSpec> = {}): MemoryStore {
  return createMemoryStore("kept", spec(settings));
}

function opened(store: MemoryStore): BufferPort {
  return store.open({ capabilities, address: { module: "none", transport: "kept", place: null } });
}

describe("answers at once", () => {
  test("whatever has not to wait", async () => {
    const { buffer, producer, consumer } = await Worker.on(opened(stored()));
    expect(now(producer.offer(1, [Buffer.from("1"), Buffer.from("2")], noWait)).accepted).toBe(2);
    const { deliveries } = now(consumer.poll(2, noWait, { leaseMs: 60_000 }));
    expect(now(consumer.settle([{ kind: "ack", token: deliveries[0]?.token ?? "" }]))).toEqual(["settled"]);
    expect(now(buffer.counts())).toMatchObject({ leased: 1, consumed: 1 });
    expect(now(buffer.drained(noWait))).toBe(false);
    expect(now(consumer.close())).toBeUndefined();
    expect(now(buffer.counts())).toMatchObject({ leased: 0, ready: 1 });
    expect(now(producer.close())).toBeUndefined();
    await buffer.destroy();
  });

  test("also a call that would have waited, if there is no need", async () => {
    const one = await Worker.on(opened(stored()));
    const wait = { ...noWait, maxMs: 60_000 };
    now(one.producer.offer(1, [Buffer.from("1")], wait));
    expect(now(one.consumer.poll(1, wait)).deliveries).toHaveLength(1);
    await one.buffer.destroy();
  });
});

describe("bytes", () => {
  test("are copied when they are put, and again for each who has them under a lease", async () => {
    const { buffer, producer, consumer } = await Worker.on(opened(stored()));
    const mine = Buffer.from("7");
    now(producer.offer(1, [mine], noWait));
    mine.fill("x");
    for (let i = 0; i < 2; i++) {
      const [delivery] = now(consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
      expect(toValue(delivery?.item ?? mine)).toBe(7);
      delivery?.item.fill(0);
      now(consumer.settle([{ kind: "release", token: delivery?.token ?? "" }]));
    }
    const [leased] = now(consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
    now(consumer.settle([{ kind: "bury", token: leased?.token ?? "", reason: "no" }]));
    const [dead] = await buffer.deadLetters.list(1);
    expect(toValue(dead?.item ?? mine)).toBe(7);
    dead?.item.fill(0);
    expect(await buffer.deadLetters.requeue(dead?.sequence ?? 0)).toBe("requeued");
    expect(now(consumer.poll(1, noWait)).deliveries.map(({ item }) => toValue(item))).toEqual([7]);
    await buffer.destroy();
  });
});

describe("handles", () => {
  test("are one buffer: thousands of operations by three of them in turn are those of plain arrays", async () => {
    const store = stored({ capacity: 7 });
    const model = new ArrayModel(7);
    const workers: Checked[] = [];
    for (let i = 0; i < 3; i++) workers.push(new Checked(await Worker.on(opened(store)), model));
    work(workers, 3000);
    model.expectSame(workers[0]?.worker as Worker);
    await workers[0]?.worker.buffer.destroy();
  });

  test("a lease whose time is over is handed to another handle that waits, within half a second", async () => {
    const store = stored();
    const [one, other] = [await Worker.on(opened(store)), await Worker.on(opened(store))];
    one.put(1);
    stopTheClock();
    now(one.consumer.poll(1, noWait, { leaseMs: 50 }));
    const polled = Promise.resolve(other.consumer.poll(1, { ...noWait, maxMs: 60_000 }));
    await vi.advanceTimersByTimeAsync(50 + 500);
    expect((await polled).deliveries.map(({ failures }) => failures)).toEqual([1]);
    await one.buffer.destroy();
  });

  test("a call that waits is counted, and woken by another handle's commit", async () => {
    const store = stored({ capacity: 1 });
    const [one, other] = [await Worker.on(opened(store)), await Worker.on(opened(store))];
    // No look of its own wakes it.
    stopTheClock();
    const polled = other.consumer.poll(1, { ...noWait, maxMs: 10_000 });
    expect(one.counts()).toMatchObject({ waitingConsumers: 1, waitingProducers: 0 });
    one.put(5);
    expect((await polled).deliveries.map(({ item }) => toValue(item))).toEqual([5]);
    expect(one.counts()).toMatchObject({ waitingConsumers: 0 });
    await one.buffer.destroy();
  });

  test("one that was closed is refused, in the name of the transport, and so are all after destroy", async () => {
    const store = stored();
    const [one, other] = [await Worker.on(opened(store)), await Worker.on(opened(store))];
    await one.buffer.close();
    const closed = expect.objectContaining({ code: "HANDLE_CLOSED", transport: "kept" });
    expect(() => one.counts()).toThrow(closed);
    expect(store.isDestroyed).toBe(false);
    await other.buffer.destroy();
    expect(store.isDestroyed).toBe(true);
    const destroyed = expect.objectContaining({ code: "BUFFER_DESTROYED", transport: "kept" });
    expect(() => opened(store)).toThrow(destroyed);
  });
});

test("an item's memory is given back when it is taken, and what a lease was is forgotten when its time is over", async () => {
  if (globalThis.gc === undefined) {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    globalThis.gc = runInNewContext("gc") as NodeJS.GCFunction;
  }
  const { buffer, producer, consumer } = await Worker.on(opened(stored({ capacity: 4 })));
  const weak: WeakRef<Uint8Array>[] = [];
  let next = 1;
  for (let i = 0; i < 100; i++) {
    now(producer.offer(next++, [Buffer.alloc(60_000)], noWait));
    const [delivery] = now(consumer.poll(1, noWait)).deliveries;
    if (delivery !== undefined) weak.push(new WeakRef(delivery.item));
  }
  await sleep(1);
  globalThis.gc?.();
  await sleep(1);
  expect(weak.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(3);
  await buffer.destroy();
});

test("one item after another costs no system call", (context) => {
  if (spawnSync("strace", ["-o", "/dev/null", "true"]).status !== 0)
    return context.skip("strace cannot trace here");
  const folder = mkdtempSync(join(tmpdir(), "sluice-memory-"));
  try {
    const script = fileURLToPath(new URL("./support/memory-work.mjs", import.meta.url));
    // Of the main thread, and not those by which memory is had and threads wait for each other.
    const calls = (rounds: number) => {
      const trace = join(folder, `trace.${rounds}`);
      const traced = "trace=%file,%desc,%network,%process,%signal";
      const args = ["-e", traced, "-o", trace, process.execPath, script, String(rounds)];
      const run = spawnSync("strace", args, { encoding: "utf8" });
      expect(run.stdout.trim()).toBe(String(2 * rounds));
      return readFileSync(trace, "utf8").split("\n").length;
    };
    const [few, many] = [calls(1_000), calls(11_000)];
    // Of 50,000 calls of ports. Collecting garbage wakes other threads now and then.
    expect(many - few).toBeLessThan(200);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
