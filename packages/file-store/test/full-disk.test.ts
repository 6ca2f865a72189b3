// A disk that is full, and is filled again by somebody else whenever anything comes free: puts are refused, and all that
// leads out of it works, for as long as it takes.

import "./support/failpoints.js";
import type { BufferPort, ConsumerPort, LeaseToken } from "@sluice/core";
import { describe, expect, test } from "vitest";
import type { LockName } from "../dist/index.js";
import { neverPassed, once } from "./support/failpoints.js";
import { commit, logOf, segmentsOf } from "./support/log.js";
import { created, Folder, noWait, opened, toValue } from "./support/ports.js";
import { type FileSystem, SmallDisk } from "./support/small-disk.js";

const CAPACITY = 64;

interface Media {
  readonly fileSystem: FileSystem;
  readonly durability: "none" | "fsync";
  readonly lock: LockName;
}

const media: Media[] = [
  { fileSystem: "tmpfs", durability: "none", lock: "proper-lockfile" },
  { fileSystem: "ext4", durability: "none", lock: "proper-lockfile" },
  { fileSystem: "ext4", durability: "fsync", lock: "proper-lockfile" },
  { fileSystem: "tmpfs", durability: "none", lock: "flock" },
  { fileSystem: "ext4", durability: "none", lock: "flock" },
  { fileSystem: "ext4", durability: "fsync", lock: "flock" },
];

describe.each(media)("$fileSystem, durability $durability, $lock", ({ fileSystem, durability, lock }) => {
  // Far more than there are set-aside files; fewer where each costs two syncs.
  const rounds = durability === "fsync" ? 50 : 120;

  const onFullDisk = (
    name: string,
    act: (disk: SmallDisk, folder: Folder, buffer: BufferPort) => Promise<void>,
  ) =>
    test(name, async (context) => {
      const mounted = SmallDisk.mount(fileSystem, fileSystem === "tmpfs" ? 6 : 24);
      if (typeof mounted === "string") return context.skip(mounted);
      using disk = mounted;
      using folder = new Folder(disk.path);
      const buffer = await created(folder, { capacity: CAPACITY, failuresMax: 1_000 }, durability, lock);
      await act(disk, folder, buffer);
      disk.free();
      await buffer.destroy();
    });

  onFullDisk("settles as many leases in one call as there are", async (disk, _folder, buffer) => {
    const producer = await buffer.producer();
    await producer.offer(
      1,
      Array.from({ length: CAPACITY }, () => Buffer.alloc(100, ".")),
      noWait,
    );
    const consumer = await buffer.consumer();
    // Together more than a set-aside file holds.
    const reason = "r".repeat(200);
    for (let i = 0; i < 20; i++) {
      disk.fill();
      const { deliveries } = await consumer.poll(CAPACITY, noWait, { leaseMs: 60_000 });
      expect(deliveries).toHaveLength(CAPACITY);
      const tokens = deliveries.map(({ token }) => token as LeaseToken);
      disk.fill();
      const settled = await consumer.settle(
        i < 4
          ? tokens.map((token) => ({ kind: "nack", token, reason, delayMs: 0 }) as const)
          : tokens.map((token) => ({ kind: "release", token }) as const),
      );
      expect(settled).toEqual(tokens.map(() => "settled"));
    }
    disk.fill();
    expect((await consumer.poll(CAPACITY, noWait)).deliveries).toHaveLength(CAPACITY);
  });

  onFullDisk(
    "refuses puts, and lets all else through, also for one who comes only then",
    async (disk, folder, buffer) => {
      const producer = await buffer.producer();
      let next = 1;
      const put = async (bytes: number, count = 1) => {
        const items = Array.from({ length: count }, (_, i) =>
          Buffer.alloc(bytes, `${next + i}`.padEnd(8, ".")),
        );
        next += (await producer.offer(next, items, noWait)).accepted;
      };
      // More than there is room for in the file that commits are appended to.
      const putTooMuch = () => put(60_000, lock === "flock" ? 30 : 1);
      for (let i = 0; i < CAPACITY / 2; i++) await put(2000);
      disk.fill();
      const before = await buffer.counts();
      for (let i = 0; i < 10; i++) {
        await expect(putTooMuch()).rejects.toMatchObject({ code: "STORAGE_FULL", effect: "none" });
      }
      expect(await buffer.counts()).toEqual(before);

      // Somebody who opens the buffer only now: leases given back, then every item but one, in order.
      const late = await opened(folder);
      const consumer = await late.consumer();
      for (let i = 0; i < rounds; i++) {
        disk.fill();
        const token = await leaseOne(consumer, 1);
        disk.fill();
        expect(await consumer.settle([{ kind: "release", token }])).toEqual(["settled"]);
      }
      for (let value = 1; value < CAPACITY / 2; value++) {
        disk.fill();
        if (value % 2 === 0) {
          const { deliveries } = await consumer.poll(1, noWait);
          expect(deliveries.map(({ item }) => itemNumber(item))).toEqual([value]);
        } else {
          const token = await leaseOne(consumer, value);
          expect(await consumer.settle([{ kind: "ack", token }])).toEqual(["settled"]);
        }
      }
      await expect(putTooMuch()).rejects.toMatchObject({ code: "STORAGE_FULL", effect: "none" });

      disk.free();
      await put(60_000);
      expect(await late.counts()).toMatchObject({ ready: 2, produced: CAPACITY / 2 + 1 });
      disk.fill();
      expect(await late.seal({ discard: false })).toBe(true);
      expect(await buffer.seal({ discard: false })).toBe(false);
      for (const value of [CAPACITY / 2, CAPACITY / 2 + 1]) {
        const { deliveries } = await consumer.poll(1, noWait);
        expect(deliveries.map(({ item }) => itemNumber(item))).toEqual([value]);
        disk.fill();
      }
      expect((await consumer.poll(1, noWait)).state).toBe("drained");
      await late.close();
    },
  );

  onFullDisk("also for eight consumers at once", async (disk, folder, buffer) => {
    const producer = await buffer.producer();
    const items = Array.from({ length: CAPACITY }, (_, i) => Buffer.from(String(i + 1)));
    expect((await producer.offer(1, items, noWait)).accepted).toBe(CAPACITY);
    const handles = await Promise.all(Array.from({ length: 8 }, () => opened(folder)));
    disk.fill();
    const consumers = await Promise.all(handles.map((handle) => handle.consumer()));
    for (let i = 0; i < rounds; i++) {
      const consumer = consumers[i % consumers.length] as ConsumerPort;
      disk.fill();
      const token = await leaseOne(consumer, 1);
      disk.fill();
      expect(await consumer.settle([{ kind: "release", token }])).toEqual(["settled"]);
    }
    for (let value = 1; value <= CAPACITY; value++) {
      disk.fill();
      const { deliveries } = await (consumers[value % consumers.length] as ConsumerPort).poll(1, noWait);
      expect(deliveries.map(({ item }) => toValue(item))).toEqual([value]);
    }
    for (const handle of handles) await handle.close();
  });

  if (lock === "flock") {
    onFullDisk(
      "also over many cuts of the log, which hold no items meanwhile",
      async (disk, folder, buffer) => {
        const producer = await buffer.producer();
        const items = Array.from({ length: CAPACITY - 1 }, (_, i) => Buffer.from(String(i + 1)));
        expect((await producer.offer(1, items, noWait)).accepted).toBe(CAPACITY - 1);
        const consumer = await buffer.consumer();
        const segments = new Set<string>();
        // Some 18 KB each: five times the file that commits are appended to.
        const reason = "r".repeat(200);
        for (let i = 0; i < 300; i++) {
          disk.fill();
          const { deliveries } = await consumer.poll(CAPACITY, noWait, { leaseMs: 600_000 });
          expect(deliveries).toHaveLength(CAPACITY - 1);
          disk.fill();
          const nacks = deliveries.map(
            ({ token }) => ({ kind: "nack", token: token as LeaseToken, reason, delayMs: 0 }) as const,
          );
          expect(await consumer.settle(nacks)).toEqual(nacks.map(() => "settled"));
          for (const name of segmentsOf(folder)) segments.add(name);
        }
        expect(segments.size, "the log was cut").toBeGreaterThan(4);
        disk.fill();
        const full = { code: "STORAGE_FULL", effect: "none" };
        const put = async () => producer.offer(CAPACITY, [Buffer.from("64")], noWait);
        await expect(put()).rejects.toMatchObject(full);
        // Somebody who opens it now, and finds every item.
        const late = await opened(folder);
        const last = await late.consumer();
        const { deliveries } = await last.poll(CAPACITY - 2, noWait);
        expect(deliveries.map(({ item }) => toValue(item))).toEqual(
          Array.from({ length: CAPACITY - 2 }, (_, i) => i + 1),
        );
        disk.free();
        expect((await put()).accepted).toBe(1);
        expect((await last.poll(5, noWait)).deliveries.map(({ item }) => toValue(item))).toEqual([63, 64]);
        await late.close();
      },
    );
    // Nobody comes first under a lock.
    return;
  }

  onFullDisk(
    "also where somebody else's commit comes first, time and again",
    async (disk, folder, buffer) => {
      const producer = await buffer.producer();
      const items = Array.from({ length: CAPACITY }, (_, i) => Buffer.from(String(i + 1)));
      expect((await producer.offer(1, items, noWait)).accepted).toBe(CAPACITY);
      const late = await opened(folder);
      const consumer = await late.consumer();
      const other = logOf(folder, { capacity: CAPACITY });
      commit(other);
      const comesFirst = () => {
        disk.fill();
        commit(other);
      };
      for (let i = 0; i < rounds / 5; i++) {
        disk.fill();
        // While this one stands before its commit, the other commits: what was set aside has been used for nothing.
        once("file.before-commit", comesFirst);
        const token = await leaseOne(consumer, 1);
        once("file.before-commit", comesFirst);
        expect(await consumer.settle([{ kind: "release", token }])).toEqual(["settled"]);
      }
      expect(neverPassed()).toEqual([]);
      other.space.close();
      await late.close();
    },
  );
});

async function leaseOne(consumer: ConsumerPort, expected?: number): Promise<LeaseToken> {
  const { deliveries } = await consumer.poll(1, noWait, { leaseMs: 600_000 });
  if (expected !== undefined) expect(deliveries.map(({ item }) => itemNumber(item))).toEqual([expected]);
  return deliveries[0]?.token as LeaseToken;
}

/** Of an item that was made longer. */
function itemNumber(item: Uint8Array): number {
  return Number.parseInt(Buffer.from(item).toString(), 10);
}
