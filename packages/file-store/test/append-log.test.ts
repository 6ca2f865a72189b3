// The appended log below the ports: what a writer that was killed leaves, damage, cuts, and files that are used again while
// somebody still reads them.

import "./support/failpoints.js";
import fs, {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { BufferPort } from "@sluice/core";
import { beforeEach, describe, expect, test } from "vitest";
import { PayloadReader } from "../dist/payload-reader.js";
import { Appender, logFileOf } from "./support/append.js";
import { neverPassed, once } from "./support/failpoints.js";
import { errno, inject } from "./support/fs-faults.js";
import { changeHead, forgeOtherBoot, segmentsOf } from "./support/log.js";
import { created, Folder, noWait, now, opened, toValue, Worker } from "./support/ports.js";
import { tree } from "./support/tree.js";

let folder: Folder;
let buffer: BufferPort;

beforeEach(async () => {
  folder = new Folder();
  buffer = await created(folder, {}, "none", "flock");
  return async () => {
    await buffer.destroy().catch(() => {});
    folder[Symbol.dispose]();
  };
});

interface Range {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** Puts 1, 2 and 3 in a commit each. Where the last of them stands. */
async function threeItems(on: BufferPort = buffer): Promise<Range> {
  const producer = await on.producer();
  for (const value of [1, 2]) await producer.offer(value, [Buffer.from(String(value))], noWait);
  using before = new Appender(folder);
  const from = before.log.file.end;
  await producer.offer(3, [Buffer.from("3")], noWait);
  before.log.catchUp();
  return { path: logFileOf(folder), from, to: before.log.file.end };
}

/** What somebody who opens the buffer then reads, and how it ends. Commits nothing. */
function readAll(): { items: number[]; end: string } {
  const items: number[] = [];
  try {
    using appender = new Appender(folder);
    const reader = new PayloadReader(appender.log);
    for (const item of appender.log.state.items()) items.push(...reader.read([item]).map(toValue));
    return { items, end: "works" };
  } catch (error) {
    return { items, end: (error as { code: string }).code };
  }
}

const filler = (path: string): Buffer => readFileSync(path).subarray(-8);

/** As a writer leaves it that was killed when so many bytes of the record had been written. */
function tear({ path, from, to }: Range, bytes: number): void {
  const whole = readFileSync(path);
  const word = filler(path);
  for (let at = from + bytes; at < to; at++) whole.writeUInt8(word.readUInt8(at % 8), at);
  writeFileSync(path, whole);
}

describe("a record whose writer was killed in the middle", () => {
  test("at any byte: is no commit, and the next one is written in its place", async () => {
    const last = await threeItems();
    const whole = readFileSync(last.path);
    for (let bytes = 0; bytes < last.to - last.from - 8; bytes++) {
      writeFileSync(last.path, whole);
      tear(last, bytes);
      expect({ bytes, ...readAll() }).toEqual({ bytes, items: [1, 2], end: "works" });
      using appender = new Appender(folder);
      appender.commit();
      const after = readFileSync(last.path);
      const { end } = appender.log.file;
      const rest = after.subarray(end);
      expect(rest.equals(Buffer.alloc(rest.length, filler(last.path))), `filler behind it, ${bytes}`).toBe(
        true,
      );
      expect(readAll()).toEqual({ items: [1, 2], end: "works" });
    }
  });

  test("a torn record that was being removed when that was killed as well is removed again", async () => {
    const last = await threeItems();
    tear(last, last.to - last.from - 20);
    // The removal goes from behind: its last step is left to be done.
    tear(last, 40);
    const worker = await Worker.on(await opened(folder));
    expect(worker.counts()).toMatchObject({ ready: 2, produced: 2 });
    expect(worker.put(7)).toBe(1);
    expect(worker.take(5)).toEqual([1, 2, 7]);
  });

  test("who waits meanwhile sees neither it nor an error, and the commit that comes in its place", async () => {
    const last = await threeItems();
    const whole = readFileSync(last.path);
    tear(last, 60);
    using reader = new Appender(folder);
    reader.log.catchUp();
    expect(reader.log.state.produced).toBe(2);
    writeFileSync(last.path, whole);
    reader.log.catchUp();
    expect(reader.log.state.produced).toBe(3);
  });
});

const shape = { filler: "0".repeat(16), bytes: 4096, begin: 0, isReserve: false };

describe("damage", () => {
  test("a bit turned over anywhere in a commit: DATA_CORRUPT or the truth, and nothing is touched", async () => {
    const last = await threeItems();
    const whole = readFileSync(last.path);
    for (let at = last.from; at < last.to; at++) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
      writeFileSync(last.path, bytes);
      const { items, end } = readAll();
      expect({ at: at - last.from, end }).toEqual({ at: at - last.from, end: "DATA_CORRUPT" });
      expect([[], [1, 2]]).toContainEqual(items);
      expect(readFileSync(last.path).equals(bytes)).toBe(true);
    }
    writeFileSync(last.path, whole);
    expect(readAll()).toEqual({ items: [1, 2, 3], end: "works" });
  });

  test("a damaged commit with whole ones behind it", async () => {
    const last = await threeItems();
    const bytes = readFileSync(last.path);
    // In the commit before the last one.
    bytes.writeUInt8(bytes.readUInt8(last.from - 20) ^ 1, last.from - 20);
    writeFileSync(last.path, bytes);
    expect(readAll().end).toBe("DATA_CORRUPT");
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
  });

  test("the file cut short at any byte of the last commit, and at its end", async () => {
    const last = await threeItems();
    const whole = readFileSync(last.path);
    for (let bytes = last.from; bytes <= last.to + 8; bytes++) {
      writeFileSync(last.path, whole.subarray(0, bytes));
      expect({ bytes, end: readAll().end }).toEqual({
        bytes,
        // The end is told by what stands behind the last commit: here it does.
        end: bytes === last.to + 8 || bytes === last.from + 8 ? expect.any(String) : "DATA_CORRUPT",
      });
    }
    writeFileSync(last.path, whole);
    expect(readAll()).toEqual({ items: [1, 2, 3], end: "works" });
  });

  test("an item that is damaged after it was read on is refused each time, and served once it is as it was", async () => {
    const last = await threeItems();
    const whole = readFileSync(last.path);
    const worker = await Worker.on(await opened(folder));
    expect(worker.take(2)).toEqual([1, 2]);
    const { path } = last;
    const at = readFileSync(path).lastIndexOf("3", last.to - 9);
    const bytes = readFileSync(path);
    bytes.write("7", at);
    writeFileSync(path, bytes);
    const corrupt = expect.objectContaining({ code: "DATA_CORRUPT", effect: "none" });
    for (let i = 0; i < 3; i++) expect(() => worker.take()).toThrow(corrupt);
    whole.copy(bytes, at, at, at + 1);
    writeFileSync(path, bytes);
    expect(worker.take()).toEqual([3]);
  });

  test("the log file is missing, or the file that is locked", async () => {
    await threeItems();
    rmSync(logFileOf(folder));
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT" });
    rmSync(join(folder.root, "lock"));
    const says = { code: "DATA_CORRUPT", message: expect.stringContaining("lock") };
    await expect(opened(folder)).rejects.toMatchObject(says);
  });

  test.each([
    ["no log", {}],
    ["a log that is none", { log: { file: 1, filler: "x", bytes: 1, begin: 0, places: [] } }],
    ["a file elsewhere", { log: { file: "../../../elsewhere", ...shape, places: [] } }],
    ["items elsewhere", { log: { file: 1, ...shape, places: [[1, "../../../elsewhere", 0]] } }],
    ["no places", { log: { file: 1, filler: "0".repeat(16), bytes: 4096, begin: 0 } }],
  ])("a state whose checksum is right, and that tells of %s", async (_, log) => {
    const path = join(folder.root, segmentsOf(folder)[0] as string, "state");
    changeHead(path, ({ log: _log, ...head }: { log: object }) => ({ ...head, ...log }));
    const before = tree(folder.path);
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
    expect(tree(folder.path)).toEqual(before);
  });
});

describe("a cut of the log", () => {
  test("is made when the file is full: all goes on, and nothing grows", async () => {
    const [worker, other] = [await Worker.on(buffer), await Worker.on(await opened(folder))];
    const seen = new Set<string>();
    const sizes: number[] = [];
    for (let i = 1; i <= 20_000; i++) {
      expect(worker.put(i)).toBe(1);
      expect(other.take()).toEqual([i]);
      if (i % 500 !== 0) continue;
      seen.add(segmentsOf(folder).join());
      sizes.push(bytesBelow(folder.root));
    }
    expect(seen.size, "the log was cut").toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(6 * 1024 * 1024);
    expect(segmentsOf(folder)).toHaveLength(1);
    expect((await Worker.on(await opened(folder))).counts()).toMatchObject({ produced: 20_000, ready: 0 });
  });

  test("takes the items along, wherever their bytes are, also over many cuts, and others follow", async () => {
    const large = (value: number) => Buffer.alloc(60_000, String(value % 10));
    const producer = await buffer.producer();
    const late = await (await opened(folder)).consumer();
    await producer.offer(1, [large(1), Buffer.from("2"), large(3)], noWait);
    using appender = new Appender(folder);
    for (let i = 0; i < 5; i++) {
      appender.cut();
      appender.commit();
    }
    const consumer = await (await opened(folder)).consumer();
    const first = now(consumer.poll(1, noWait)).deliveries;
    expect(first.map(({ item }) => item.length)).toEqual([60_000]);
    for (let i = 0; i < 3; i++) appender.cut();
    const rest = now(late.poll(5, noWait)).deliveries.map(({ item }) => Buffer.from(item));
    expect(rest).toEqual([Buffer.from("2"), large(3)]);
  });

  test("keeps each envelope with its item, for one that opens only afterwards", async () => {
    using appender = new Appender(folder);
    const producer = await buffer.producer();
    const items = [Buffer.from("1"), Buffer.alloc(60_000, 2), Buffer.alloc(0)];
    const envelopes = [Buffer.from("beside 1"), undefined, Buffer.alloc(1024, 3)];
    await producer.offer(1, items, noWait, envelopes);
    const holder = await (await opened(folder)).consumer();
    const [first] = now(holder.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
    expect(Buffer.from(first?.envelope ?? [])).toEqual(envelopes[0]);
    now(holder.settle([{ kind: "bury", token: first?.token ?? "", reason: "r" }]));
    for (let i = 0; i < 3; i++) appender.cut();
    const late = await opened(folder);
    const [letter] = await late.deadLetters.list(1);
    expect([letter?.item, letter?.envelope].map((part) => Buffer.from(part ?? []))).toEqual([
      items[0],
      envelopes[0],
    ]);
    const { deliveries } = now((await late.consumer()).poll(5, noWait));
    expect(deliveries.map(({ item }) => Buffer.from(item))).toEqual(items.slice(1));
    expect(deliveries.map(({ envelope }) => envelope && Buffer.from(envelope))).toEqual(envelopes.slice(1));
  });

  test("keeps of files only what the items in them are worth, while one stays for ever", async () => {
    const worker = await Worker.on(buffer);
    const sizes: number[] = [];
    const producer = await buffer.producer();
    for (let i = 1; i <= 60; i++) {
      // One of them stays.
      await producer.offer(i, [Buffer.alloc(60_000, i)], noWait);
      const { deliveries } = now(worker.consumer.poll(1, noWait, { leaseMs: 600_000 }));
      const token = deliveries[0]?.token ?? "";
      now(
        worker.consumer.settle([
          i % 20 === 1 ? { kind: "bury", token, reason: "stays" } : { kind: "ack", token },
        ]),
      );
      sizes.push(bytesBelow(folder.root));
    }
    expect(Math.max(...sizes)).toBeLessThan(8 * 1024 * 1024);
    const dead = await buffer.deadLetters.list(10);
    expect(dead.map(({ item }) => item[0])).toEqual([1, 21, 41]);
  });

  test.each(["file.before-cut", "file.after-cut"])(
    "that its process does not live to finish, at %s",
    async (point) => {
      await threeItems();
      const log = (() => {
        using dying = new Appender(folder);
        once(point, () => {
          throw new Error("killed here");
        });
        expect(() => dying.cut()).toThrow();
        return dying.log;
      })();
      expect(log.number).toBeGreaterThan(0);
      expect(neverPassed()).toEqual([]);
      const worker = await Worker.on(await opened(folder));
      expect(worker.put(4)).toBe(1);
      using next = new Appender(folder);
      next.cut();
      next.cut();
      expect(segmentsOf(folder)).toHaveLength(1);
      expect(readdirSync(folder.root).filter((name) => name.startsWith("gone."))).toEqual([]);
      expect(worker.take(5)).toEqual([1, 2, 3, 4]);
    },
  );

  test("makes room for an item that is larger than a log file", async () => {
    using other = new Folder();
    const wide = { capacity: 64, itemBytesMax: 3 * 1024 * 1024, bufferBytesMax: 64 * 1024 * 1024 };
    const large = await created(other, wide, "none", "flock");
    const [producer, consumer] = [await large.producer(), await (await opened(other)).consumer()];
    for (let i = 1; i <= 5; i++) {
      const item = Buffer.alloc(2.5 * 1024 * 1024, i);
      expect(now(producer.offer(i, [item], noWait)).accepted).toBe(1);
      expect(
        now(consumer.poll(1, noWait)).deliveries.map((one) => Buffer.from(one.item).equals(item)),
      ).toEqual([true]);
    }
    await large.destroy();
  });

  test("a reader that was away while its file was used again, several times, finds its way", async () => {
    using away = new Appender(folder);
    const worker = await Worker.on(buffer);
    const inode = statSync(logFileOf(folder)).ino;
    const seen: number[] = [];
    for (let i = 1; i <= 14_000; i++) {
      worker.put(i);
      worker.take();
      if (i % 100 === 0) seen.push(statSync(logFileOf(folder)).ino);
    }
    expect(seen.filter((one) => one === inode).length, "the file was used again").toBeGreaterThan(0);
    worker.put(-1);
    away.log.catchUp();
    expect(away.log.state).toMatchObject({ produced: 14_001, consumed: 14_000 });
    away.commit([{ op: "seal", discard: false }]);
    expect(worker.counts()).toMatchObject({ sealed: true });
  });
});

describe("a write that the system refuses", () => {
  test.each(["EIO", "ENOSPC"])("%s: nothing was put, and the next one works", async (code) => {
    const worker = await Worker.on(buffer);
    const other = await Worker.on(await opened(folder));
    {
      let isFirst = true;
      using _fault = inject("writeSync", () => {
        if (!isFirst) return undefined;
        isFirst = false;
        return errno(code);
      });
      expect(() => worker.put(1)).toThrow(expect.objectContaining({ effect: "none" }));
    }
    expect(worker.put(2)).toBe(1);
    expect(other.take(5)).toEqual([2]);
  });

  test("an error for a write that was made all the same: it was put, once", async () => {
    const worker = await Worker.on(buffer);
    let isFirst = true;
    using _fault = inject("writeSync", () => {
      if (!isFirst) return undefined;
      isFirst = false;
      return { after: errno("EIO") };
    });
    expect(worker.put(1)).toBe(1);
    expect(worker.put(2)).toBe(1);
    expect((await Worker.on(await opened(folder))).take(5)).toEqual([1, 2]);
  });

  test("all of them, also the removal of what was begun: nobody can say, and the others see what became of it", async () => {
    const worker = await Worker.on(buffer);
    {
      const real = fs.writeSync as (...args: unknown[]) => number;
      let isFirst = true;
      using _fault = inject("writeSync", (fd, bytes, from, _length, at) => {
        if (isFirst) real(fd, bytes, from, 60, at);
        isFirst = false;
        return errno("EIO");
      });
      const unknown = expect.objectContaining({ code: "STORAGE_FAILED", effect: "unknown" });
      expect(() => worker.put(1)).toThrow(unknown);
    }
    expect(worker.counts()).toMatchObject({ produced: 0 });
    expect(worker.put(2)).toBe(1);
  });
});

describe("after a boot of the machine", () => {
  test.each(["none", "fsync"] as const)(
    "durability %s, the last commit torn: what was before it is there",
    async (durability) => {
      using other = new Folder();
      const old = await created(other, {}, durability, "flock");
      folder = other;
      const last = await threeItems(old);
      for (const zeros of [false, true]) {
        const whole = readFileSync(last.path);
        whole.fill(0, last.from + 30, zeros ? whole.length : last.to);
        writeFileSync(last.path, whole);
        forgeOtherBoot(other);
        using appender = new Appender(other, {}, durability === "fsync");
        expect(appender.log.isForeign).toBe(true);
        expect(appender.log.state.produced).toBe(2);
      }
      const worker = await opened(other);
      const [producer, consumer] = [await worker.producer(), await worker.consumer()];
      expect((await producer.offer(1, [Buffer.from("7")], noWait)).accepted).toBe(1);
      const { deliveries } = await consumer.poll(5, noWait);
      expect(deliveries.map(({ item }) => toValue(item))).toEqual([1, 2, 7]);
      using appender = new Appender(other);
      expect(appender.log.isForeign, "the log goes on in a segment of this boot").toBe(false);
      await worker.destroy();
    },
  );

  test("durability fsync, a commit torn that the disk was known to have: DATA_CORRUPT", async () => {
    using other = new Folder();
    const old = await created(other, {}, "fsync", "flock");
    folder = other;
    const last = await threeItems(old);
    const whole = readFileSync(last.path);
    // In the one before the last, which says that it was there.
    whole.writeUInt8(whole.readUInt8(last.from - 20) ^ 1, last.from - 20);
    writeFileSync(last.path, whole);
    forgeOtherBoot(other);
    const before = tree(other.path);
    await expect(opened(other)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
    expect(tree(other.path)).toEqual(before);
    await old.close();
  });

  test("leases of before have ended, and a file that is too short is the end of the log", async () => {
    const old = await Worker.on(buffer);
    old.put(1, 2);
    now(old.consumer.poll(1, noWait, { leaseMs: 3_600_000 }));
    using end = new Appender(folder);
    truncateSync(logFileOf(folder), end.log.file.end);
    forgeOtherBoot(folder);
    const worker = await Worker.on(await opened(folder));
    const again = now(worker.consumer.poll(5, noWait, { leaseMs: 60_000 })).deliveries;
    expect(again.map(({ item, failures }) => [toValue(item), failures])).toEqual([
      [1, 1],
      [2, 0],
    ]);
    expect(existsSync(logFileOf(folder))).toBe(true);
  });
});

function bytesBelow(path: string): number {
  const sizes = new Map<number, number>();
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    const stat = statSync(join(path, name), { throwIfNoEntry: false });
    if (stat?.isFile()) sizes.set(stat.ino, stat.blocks * 512);
  }
  return [...sizes.values()].reduce((a, b) => a + b, 0);
}
