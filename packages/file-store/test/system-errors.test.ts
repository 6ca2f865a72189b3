// Errors of the operating system in the middle of things: the exact error with its true effect, and what it means for the
// handle, for others, and for what is in the buffer.

import "./support/sync-faults.js";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BufferPort, MaybePromise } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { errno, inject } from "./support/fs-faults.js";
import { created, Folder, made, noWait, opened, toValue, Worker } from "./support/ports.js";
import { failSync } from "./support/sync-faults.js";

const one = [Buffer.from("1")];

async function inside(buffer: BufferPort): Promise<number[]> {
  const { deliveries } = await (await buffer.consumer()).poll(10, noWait);
  return deliveries.map(({ item }) => toValue(item));
}

async function errorOf(
  act: () => MaybePromise<unknown>,
): Promise<{ code: string; effect: string } | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    const { code, effect } = error as { code: string; effect: string };
    return { code, effect };
  }
}

describe("a sync that fails", () => {
  test("of the commit's file: nothing was put, and the handle is of no use any more", async () => {
    using folder = new Folder();
    const buffer = await created(folder, {}, "fsync");
    const producer = await buffer.producer();
    failSync(1);
    const failed = { code: "STORAGE_FAILED", effect: "none" };
    expect(await errorOf(() => producer.offer(1, one, noWait))).toEqual(failed);
    // The disk works again; this handle is not trusted all the same.
    expect(await errorOf(() => producer.offer(1, one, noWait))).toEqual(failed);
    expect(await errorOf(() => buffer.counts())).toEqual(failed);
    const other = await opened(folder);
    expect(await other.counts()).toMatchObject({ produced: 0 });
    const again = await other.producer();
    expect((await again.offer(1, one, noWait)).accepted).toBe(1);
    await buffer.close();
    expect(await inside(other)).toEqual([1]);
  });

  test("of the directory, after the link: nobody can say, and the others see what became of it", async () => {
    using folder = new Folder();
    const buffer = await created(folder, {}, "fsync");
    const producer = await buffer.producer("named");
    failSync(2);
    const unknown = { code: "STORAGE_FAILED", effect: "unknown" };
    expect(await errorOf(() => producer.offer(1, one, noWait))).toEqual(unknown);
    expect(await errorOf(() => producer.offer(2, one, noWait))).toEqual({ ...unknown, effect: "none" });
    const other = await opened(folder);
    expect((await other.producer("named")).lastSequence).toBe(1);
    expect(await inside(other)).toEqual([1]);
  });

  test("within a batch of calls: each is told, and none is told that it succeeded", async () => {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 10 }, "fsync");
    const producers = await Promise.all(Array.from({ length: 5 }, () => buffer.producer()));
    failSync(4);
    const errors = await Promise.all(
      producers.map((producer) => errorOf(() => producer.offer(1, one, noWait))),
    );
    const accepted = errors.filter((error) => error === undefined).length;
    const unknown = errors.filter((error) => error?.effect === "unknown").length;
    expect(accepted, "not all of them").toBeLessThan(5);
    const { length } = await inside(await opened(folder));
    expect(length).toBeGreaterThanOrEqual(accepted);
    expect(length).toBeLessThanOrEqual(accepted + unknown);
  });
});

test("after a sync that failed no call of the handle succeeds, also one that had begun before", async () => {
  for (let nth = 1; nth <= 6; nth++) {
    using folder = new Folder();
    const buffer = await created(folder, { capacity: 10 }, "fsync");
    const producers = await Promise.all(Array.from({ length: 5 }, () => buffer.producer()));
    failSync(nth);
    const outcomes: ("accepted" | "none" | "unknown")[] = [];
    await Promise.all(
      producers.map(async (producer) => {
        const error = await errorOf(() => producer.offer(1, one, noWait));
        outcomes.push(error === undefined ? "accepted" : (error.effect as "none" | "unknown"));
      }),
    );
    const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
    const failed = outcomes.findIndex((outcome) => outcome !== "accepted");
    expect(failed, `the sync number ${nth} fails somebody`).toBeGreaterThanOrEqual(0);
    expect(outcomes.slice(failed), `answers from the failed sync number ${nth} on`).not.toContain("accepted");
    const { length } = await inside(await opened(folder));
    expect(length).toBeGreaterThanOrEqual(count("accepted"));
    expect(length).toBeLessThanOrEqual(count("accepted") + count("unknown"));
  }
});

describe("a create whose sync fails", () => {
  test("leaves nothing and says so, but for the last sync: then the buffer is there, and its effect unknown", async () => {
    for (let nth = 1; ; nth++) {
      using folder = new Folder();
      let syncs = 0;
      using fault = inject("fsyncSync", () => (++syncs === nth ? errno("EIO") : undefined));
      const error = await errorOf(() => made(folder));
      if (fault.count === 0) {
        expect(nth, "there are syncs").toBeGreaterThan(5);
        break;
      }
      const isThere = existsSync(folder.place);
      expect({ nth, ...error, isThere, names: readdirSync(folder.path).length }).toEqual({
        ...{ nth, code: "STORAGE_FAILED", effect: isThere ? "unknown" : "none", isThere },
        names: isThere ? 1 : 0,
      });
    }
  });

  test("is refused before where the parent cannot be read", async () => {
    using folder = new Folder();
    using _fault = inject("openSync", (path) => (path === folder.path ? errno("EACCES") : undefined));
    const error = await errorOf(() => made(folder));
    expect(error).toEqual({ code: "PERMISSION_DENIED", effect: "none" });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("a handle whose destroy has failed can still be closed, and gives back what it holds", async () => {
  using folder = new Folder();
  const [buffer, other] = [await created(folder), await Worker.on(await opened(folder))];
  other.put(1);
  const consumer = await buffer.consumer();
  expect((await consumer.poll(1, noWait, { leaseMs: 600_000 })).deliveries).toHaveLength(1);
  {
    using _fault = inject("openSync", () => errno("EMFILE"));
    expect(await errorOf(() => buffer.destroy())).toEqual({ code: "STORAGE_FAILED", effect: "none" });
  }
  await buffer.close();
  expect(other.counts()).toMatchObject({ ready: 1, leased: 0 });
  expect(other.take()).toEqual([1]);
});

describe("a call that the system refuses", () => {
  test.each(["EMFILE", "EIO"])(
    "%s on opening a file: STORAGE_FAILED, effect none, and the next one works",
    async (code) => {
      using folder = new Folder();
      const [worker, other] = [await Worker.on(await created(folder)), await Worker.on(await opened(folder))];
      other.put(1);
      {
        using fault = inject("openSync", () => errno(code));
        const failed = { code: "STORAGE_FAILED", effect: "none" };
        expect(await errorOf(() => worker.put(2))).toEqual(failed);
        expect(await errorOf(() => worker.take())).toEqual(failed);
        expect(await errorOf(() => worker.counts())).toEqual(failed);
        expect(fault.count).toBeGreaterThan(0);
      }
      expect(worker.put(3)).toBe(1);
      expect(other.take(5)).toEqual([1, 3]);
    },
  );

  test("EIO on a write: nothing was put, and the next one works", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    {
      using _fault = inject("writeSync", () => errno("EIO"));
      expect(await errorOf(() => worker.put(1))).toEqual({ code: "STORAGE_FAILED", effect: "none" });
    }
    expect(worker.put(2)).toBe(1);
    expect(worker.take(5)).toEqual([2]);
  });

  test("EIO for a link that was made all the same: it was put, once", async () => {
    using folder = new Folder();
    const worker = await Worker.on(await created(folder));
    {
      using fault = inject("linkSync", () => ({ after: errno("EIO") }));
      expect(worker.put(1)).toBe(1);
      expect(fault.count).toBe(1);
    }
    expect(worker.put(2)).toBe(1);
    expect((await Worker.on(await opened(folder))).take(5)).toEqual([1, 2]);
  });

  test.each(["rmSync", "closeSync"] as const)(
    "EIO on %s, after the commit: it was put and taken, and both are told so",
    async (call) => {
      using folder = new Folder();
      const [buffer, other] = [await created(folder), await opened(folder)];
      const [producer, consumer] = [await buffer.producer(), await other.consumer()];
      const polled = (async () => consumer.poll(1, { ...noWait, maxMs: 20_000 }))();
      // Until a file tells of it, which is then to be removed.
      while ((await buffer.counts()).waitingConsumers === 0) await sleep(5);
      // Of what is closed, the commit's file, which is the first.
      let isFirst = true;
      using fault = inject(call, () => {
        if (call === "closeSync" && !isFirst) return undefined;
        isFirst = false;
        return { after: errno("EIO") };
      });
      // So large that its file is not kept to be written again.
      const large = [Buffer.alloc(20_000, "1")];
      expect(await producer.offer(1, large, noWait)).toEqual({ accepted: 1, state: "open" });
      expect((await polled).deliveries.map(({ item }) => item.byteLength)).toEqual([20_000]);
      expect(fault.count).toBeGreaterThan(0);
      expect(await buffer.counts()).toMatchObject({ produced: 1, consumed: 1 });
    },
  );

  test("no watch to be had: who waits is woken all the same", async () => {
    using folder = new Folder();
    const [buffer, other] = [await created(folder), await opened(folder)];
    const consumer = await buffer.consumer();
    using fault = inject("watch", () => errno("ENOSPC"));
    let isWaiting = false;
    const onWait = () => {
      isWaiting = true;
    };
    const wait = { ...noWait, maxMs: 20_000, onWait };
    const polled = consumer.poll(1, wait);
    while (!isWaiting) await sleep(5);
    expect(fault.count).toBeGreaterThan(0);
    const producer = await other.producer();
    await producer.offer(1, one, noWait);
    expect((await polled).deliveries.map(({ item }) => toValue(item))).toEqual([1]);
  });
});
