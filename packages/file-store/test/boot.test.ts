// The machine was started again: the times and the processes of before mean nothing, and without fsync the end of the log
// may be torn. Forged, by giving the segments another boot's name.

import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BufferPort } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { cut, forgeOtherBoot, logOf, segmentsOf } from "./support/log.js";
import { created, Folder, noWait, now, opened, toValue, Worker } from "./support/ports.js";
import { tree } from "./support/tree.js";

/** Puts 1, 2 and so on in a commit each, and then the machine goes down. Returns the paths of these commits. */
async function commitsBefore(folder: Folder, buffer: BufferPort, count: number): Promise<string[]> {
  const producer = await buffer.producer("from-before");
  for (let i = 1; i <= count; i++) await producer.offer(i, [Buffer.from(String(i))], noWait);
  const segment = join(folder.root, segmentsOf(folder)[0] as string);
  const numbers = readdirSync(segment).map(Number).filter(Number.isInteger);
  forgeOtherBoot(folder);
  return numbers
    .sort((a, b) => a - b)
    .slice(-count)
    .map((number) => join(segment, String(number)));
}

/** Everything in it, and then it must go on as if nothing had been. */
async function expectGoesOnWith(folder: Folder, items: number[]): Promise<void> {
  const [worker, other] = [await Worker.on(await opened(folder)), await Worker.on(await opened(folder))];
  expect(worker.counts()).toMatchObject({ ready: items.length, produced: items.length });
  expect(other.take(5)).toEqual(items);
  for (let i = 0; i < 30; i++) {
    expect(worker.put(100 + i, 200 + i)).toBe(2);
    expect([other.take(), worker.take()]).toEqual([[100 + i], [200 + i]]);
  }
  expect(worker.counts()).toMatchObject({
    ready: 0,
    produced: items.length + 60,
    consumed: items.length + 60,
  });
  const log = logOf(folder);
  expect(log.isForeign, "the log goes on in a segment of this boot").toBe(false);
}

describe("durability none", () => {
  test("all commits whole: all items are there", async () => {
    using folder = new Folder();
    await commitsBefore(folder, await created(folder), 3);
    await expectGoesOnWith(folder, [1, 2, 3]);
  });

  test.each([0, 1, 23, 24, 60])(
    "the last commit torn to %i bytes: what was before it is there",
    async (bytes) => {
      using folder = new Folder();
      const [, , last] = await commitsBefore(folder, await created(folder), 3);
      truncateSync(last as string, bytes);
      await expectGoesOnWith(folder, [1, 2]);
    },
  );

  test("the last commit is a block of zeros", async () => {
    using folder = new Folder();
    const [, , last] = await commitsBefore(folder, await created(folder), 3);
    writeFileSync(last as string, Buffer.alloc(4096));
    await expectGoesOnWith(folder, [1, 2]);
  });

  test("a commit in the middle torn: what comes behind it is not adopted", async () => {
    using folder = new Folder();
    const [, second] = await commitsBefore(folder, await created(folder), 4);
    truncateSync(second as string, 30);
    await expectGoesOnWith(folder, [1]);
  });

  test("a commit in the middle missing: what comes behind the gap is not adopted", async () => {
    using folder = new Folder();
    const [, second] = await commitsBefore(folder, await created(folder), 4);
    rmSync(second as string);
    await expectGoesOnWith(folder, [1]);
  });

  test("a commit behind a gap, and the gap filled by the log that goes on: still not adopted", async () => {
    using folder = new Folder();
    const commits = await commitsBefore(folder, await created(folder), 3);
    const [first, second, third] = commits as [string, string, string];
    rmSync(second);
    const stale = readFileSync(third);
    await expectGoesOnWith(folder, [1]);
    const segments = segmentsOf(folder);
    expect(segments.map((name) => join(folder.root, name))).toContain(join(first, ".."));
    expect(readFileSync(third).equals(stale), "it lies where it lay").toBe(true);
  });

  test("a commit to the old segment, after the log went on elsewhere, is refused", async () => {
    using folder = new Folder();
    await commitsBefore(folder, await created(folder), 2);
    const before = join(folder.root, segmentsOf(folder)[0] as string);
    const a = logOf(folder);
    const b = logOf(folder);
    const late = b.prepare([{ op: "seal", discard: false }]);
    const worker = await Worker.on(await opened(folder));
    worker.put(3);
    // Its place is taken by the cut.
    expect(b.publish(late)).toBe(false);
    a.catchUp();
    expect([a.state.sealed, a.state.produced]).toEqual([false, 3]);
    expect(existsSync(before)).toBe(true);
  });
});

test("durability none, and the state that the log begins with is torn: DATA_CORRUPT, and nothing is touched", async () => {
  using folder = new Folder();
  const worker = await Worker.on(await created(folder));
  worker.put(1);
  const log = logOf(folder);
  cut(log);
  forgeOtherBoot(folder);
  truncateSync(join(log.segment.path, "state"), 0);
  const before = tree(folder.path);
  await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
  expect(tree(folder.path)).toEqual(before);
});

describe("durability fsync", () => {
  test("all commits whole: all items are there", async () => {
    using folder = new Folder();
    await commitsBefore(folder, await created(folder, {}, "fsync"), 3);
    const worker = await opened(folder);
    const consumer = await worker.consumer();
    const { deliveries } = await consumer.poll(5, noWait);
    expect(deliveries.map(({ item }) => toValue(item))).toEqual([1, 2, 3]);
  });

  test("a torn commit cannot come of a power cut: DATA_CORRUPT, and nothing is touched", async () => {
    using folder = new Folder();
    const [, , last] = await commitsBefore(folder, await created(folder, {}, "fsync"), 3);
    truncateSync(last as string, 30);
    const before = tree(folder.path);
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
    expect(tree(folder.path)).toEqual(before);
  });

  test("an item that is torn is found when it is read, and those before it are served", async () => {
    using folder = new Folder();
    const [, , last] = await commitsBefore(folder, await created(folder, {}, "fsync"), 3);
    const whole = readFileSync(last as string);
    truncateSync(last as string, whole.length - 1);
    const consumer = await (await opened(folder)).consumer();
    expect((await consumer.poll(2, noWait)).deliveries.map(({ item }) => toValue(item))).toEqual([1, 2]);
    await expect(consumer.poll(1, noWait)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
    writeFileSync(last as string, whole);
    expect((await consumer.poll(1, noWait)).deliveries.map(({ item }) => toValue(item))).toEqual([3]);
  });
});

describe("leases of before", () => {
  test("have ended: the item is handed out again, and its old token settles nothing", async () => {
    using folder = new Folder();
    const old = await Worker.on(await created(folder, { failuresMax: 2 }));
    old.put(1, 2, 3);
    const leased = now(old.consumer.poll(2, noWait, { leaseMs: 3_600_000 })).deliveries;
    const token = leased[1]?.token ?? "";
    now(old.consumer.settle([{ kind: "nack", token, reason: "later", delayMs: 3_600_000 }]));
    forgeOtherBoot(folder);

    const worker = await Worker.on(await opened(folder));
    const again = now(worker.consumer.poll(5, noWait, { leaseMs: 60_000 })).deliveries;
    expect(again.map(({ item, deliveries, failures }) => [toValue(item), deliveries, failures])).toEqual([
      [1, 2, 1],
      [2, 2, 1],
      [3, 1, 0],
    ]);
    expect(worker.counts()).toMatchObject({ ready: 0, leased: 3 });
    for (const { token } of leased) {
      expect(now(worker.consumer.settle([{ kind: "ack", token: token ?? "" }]))).toEqual(["lost"]);
    }
  });

  test("have ended also where a cut of before is followed", async () => {
    using folder = new Folder();
    const old = await Worker.on(await created(folder));
    old.put(1);
    now(old.consumer.poll(1, noWait, { leaseMs: 3_600_000 }));
    forgeOtherBoot(folder);
    const [a, b] = [await opened(folder), await opened(folder)];
    // Both have read the old segment; the first one goes on, the second follows.
    expect(await (await a.producer()).lastSequence).toBe(0);
    const { deliveries } = now((await b.consumer()).poll(1, noWait, { leaseMs: 60_000 }));
    expect(deliveries.map(({ failures }) => failures)).toEqual([1]);
  });
});

test("a torn end is left by two who go on at the same time in one way", async () => {
  using folder = new Folder();
  const [, last] = await commitsBefore(folder, await created(folder), 2);
  truncateSync(last as string, 10);
  const workers = await Promise.all([1, 2, 3].map(async () => Worker.on(await opened(folder))));
  for (const worker of workers) expect(worker.put(7)).toBe(1);
  expect(workers.map((worker) => worker.take())).toEqual([[1], [7], [7]]);
  expect((await Worker.on(await opened(folder))).take()).toEqual([7]);
});
