// Files of the buffer cut short at every byte, and with bits turned over: an exact error or the truth, never a wrong item,
// never an answer that does not come.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { BufferPort } from "@sluice/core";
import { beforeEach, describe, expect, test } from "vitest";
import { PayloadReader } from "../dist/payload-reader.js";
import { FORMAT_VERSION } from "../dist/record.js";
import { recordBytes } from "../dist/record-file.js";
import type { CommitHead } from "../dist/segment.js";
import { changeHead, commit, cut, logOf, segmentsOf } from "./support/log.js";
import { created, Folder, made, noWait, opened, toValue, Worker } from "./support/ports.js";
import { tree } from "./support/tree.js";

let folder: Folder;
let buffer: BufferPort;

beforeEach(async () => {
  folder = new Folder();
  buffer = await created(folder);
  return async () => {
    await buffer.destroy().catch(() => {});
    folder[Symbol.dispose]();
  };
});

/** Puts every version of the file into its place, one after the other, and at the end the file as it was. */
async function withEach(path: string, versions: Iterable<Buffer>, act: () => Promise<void>): Promise<void> {
  const whole = readFileSync(path);
  for (const version of versions) {
    writeFileSync(path, version);
    await act();
  }
  writeFileSync(path, whole);
}

function* cutShort(whole: Buffer): Generator<Buffer> {
  for (let length = 0; length < whole.length; length++) yield whole.subarray(0, length);
}

const withBitTurned = (whole: Buffer, at: number, bit: number): Buffer => {
  const bytes = Buffer.from(whole);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
  return bytes;
};

/** Another bit of each byte. */
function* bitsTurned(whole: Buffer, from = 0, to: number = whole.length): Generator<Buffer> {
  for (let at = from; at < to; at++) yield withBitTurned(whole, at, at % 8);
}

function* everyBitTurned(whole: Buffer): Generator<Buffer> {
  for (let n = 0; n < whole.length * 8; n++) yield withBitTurned(whole, Math.floor(n / 8), n % 8);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "works";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("the header", () => {
  test("cut short at any byte is refused, and touched by nobody", async () => {
    const path = join(folder.root, "header");
    await withEach(path, cutShort(readFileSync(path)), async () => {
      const before = tree(folder.path);
      await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
      await expect(made(folder)).rejects.toMatchObject({
        code: "DATA_CORRUPT",
      });
      expect(tree(folder.path)).toEqual(before);
    });
    expect(await codeOf(opened(folder))).toBe("works");
  });

  test("with any bit turned over is refused as what it then is", async () => {
    const path = join(folder.root, "header");
    const seen = new Set<string>();
    let bits = 0;
    await withEach(path, everyBitTurned(readFileSync(path)), async () => {
      const at = Math.floor(bits++ / 8);
      const code = await codeOf(opened(folder).then((port) => port.close()));
      seen.add(code);
      // Magic, format, then what the checksum covers; the payload's length says nothing in a header.
      if (at < 4) expect(code).toBe("NOT_A_BUFFER");
      else if (at < 8) expect(code).toBe("VERSION_UNSUPPORTED");
      else if (at < 16 || at >= 24) expect(code).toBe("DATA_CORRUPT");
      else expect(["works", "DATA_CORRUPT"]).toContain(code);
    });
    expect([...seen].sort()).toContain("DATA_CORRUPT");
  });

  test("of another format is refused, naming both", async () => {
    const path = join(folder.root, "header");
    const whole = readFileSync(path);
    for (const version of [0, FORMAT_VERSION + 1, 2 ** 32 - 1]) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt32LE(version, 4);
      writeFileSync(path, bytes);
      const before = tree(folder.path);
      await expect(opened(folder)).rejects.toMatchObject({
        code: "VERSION_UNSUPPORTED",
        message: expect.stringMatching(new RegExp(`format ${version}\\b.*format ${FORMAT_VERSION}\\b`)),
      });
      expect(tree(folder.path)).toEqual(before);
    }
    writeFileSync(path, whole);
  });

  test("of another buffer is refused", async () => {
    using other = new Folder();
    await created(other);
    copyFileSync(join(other.root, "header"), join(folder.root, "header"));
    expect(await codeOf(opened(folder))).toBe("DATA_CORRUPT");
  });
});

describe("a commit", () => {
  /** Puts 1, 2 and 3 in a commit each. The path of the second. */
  async function threeItems(): Promise<string> {
    const worker = await Worker.on(buffer);
    for (const value of [1, 2, 3]) worker.put(value);
    const segment = join(folder.root, segmentsOf(folder)[0] as string);
    const numbers = readdirSync(segment).map(Number).filter(Number.isInteger);
    return join(segment, String(Math.max(...numbers) - 1));
  }

  /**
   * What somebody who opens the buffer then reads, and how it ends. Not through a consumer, whose commits would come
   * behind the damage.
   */
  function readAll(): { items: number[]; end: string } {
    const items: number[] = [];
    try {
      const log = logOf(folder);
      const reader = new PayloadReader(log);
      for (const item of log.state.items()) items.push(...reader.read([item]).map(toValue));
      return { items, end: "works" };
    } catch (error) {
      return { items, end: (error as { code: string }).code };
    }
  }

  test("cut short at any byte: DATA_CORRUPT, and no item that is not whole", async () => {
    const path = await threeItems();
    await withEach(path, cutShort(readFileSync(path)), async () => {
      const { items, end } = readAll();
      expect(end).toBe("DATA_CORRUPT");
      expect([[], [1]]).toContainEqual(items);
    });
    expect(readAll()).toEqual({ items: [1, 2, 3], end: "works" });
  });

  test("with a bit turned over, in head or payload: DATA_CORRUPT or the truth", async () => {
    const path = await threeItems();
    const whole = readFileSync(path);
    let at = 0;
    await withEach(path, bitsTurned(whole), async () => {
      const { items, end } = readAll();
      // The length of the payload is told twice; nothing hangs on this one.
      if (at >= 16 && at < 24) expect(end === "works" ? items : [1, 2, 3]).toEqual([1, 2, 3]);
      else expect({ at, end }).toEqual({ at, end: "DATA_CORRUPT" });
      expect([[], [1], [1, 2, 3]]).toContainEqual(items);
      at += 1;
    });
  });

  test("whose item is damaged: refused each time, and served once the file is as it was", async () => {
    const path = await threeItems();
    const whole = readFileSync(path);
    const consumer = await Worker.on(await opened(folder));
    expect(consumer.take()).toEqual([1]);
    writeFileSync(path, Buffer.concat([whole.subarray(0, -1), Buffer.from("7")]));
    const fresh = await Worker.on(await opened(folder));
    const corrupt = expect.objectContaining({ code: "DATA_CORRUPT", effect: "none" });
    for (let i = 0; i < 3; i++) expect(() => fresh.take()).toThrow(corrupt);
    expect(fresh.counts()).toMatchObject({ ready: 2, consumed: 1 });
    writeFileSync(path, whole);
    expect(fresh.take(2)).toEqual([2, 3]);
  });

  test("whose file is missing: DATA_CORRUPT, at once", async () => {
    const path = await threeItems();
    const worker = await Worker.on(await opened(folder));
    rmSync(path);
    expect(worker.counts().ready).toBe(3);
    expect(worker.take()).toEqual([1]);
    expect(() => worker.take()).toThrow(expect.objectContaining({ code: "DATA_CORRUPT" }));
  });
});

describe("what has a right checksum, and makes no sense, is DATA_CORRUPT:", () => {
  const pathOf = (name: string) => join(folder.root, ...(name === "header" ? [] : segmentsOf(folder)), name);

  const heads: [file: string, head: unknown][] = [
    ["header", null],
    ["header", []],
    ["state", null],
    ["state", { kind: "state" }],
    ["1", null],
    ["1", { kind: "cut" }],
    ["1", { kind: "cut", to: "../../elsewhere" }],
    ["1", { kind: "commit", number: 1, by: "x", turn: 1 }],
    ["1", { kind: "commit", number: 1, by: "x", turn: 1, operations: [null] }],
    ["1", { kind: "commit", number: 1, by: "x", turn: 1, operations: [{ op: "settle" }] }],
  ];
  test.each(heads)("%s with %j", async (file, head) => {
    writeFileSync(pathOf(file), recordBytes(head));
    mkdirSync(join(folder.path, "elsewhere"));
    const before = tree(folder.path);
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT", effect: "none" });
    expect(tree(folder.path)).toEqual(before);
  });

  test("a head that is not JSON", async () => {
    const bytes = Buffer.from(recordBytes([1]));
    bytes.write("[1,", bytes.length - 3);
    bytes.writeUInt32LE(crc32(bytes.subarray(-3)), 12);
    writeFileSync(pathOf("1"), bytes);
    await expect(opened(folder)).rejects.toMatchObject({ code: "DATA_CORRUPT" });
  });

  test("an item of a terabyte", async () => {
    const worker = await Worker.on(buffer);
    worker.put(1);
    const numbers = readdirSync(dirname(pathOf("state")))
      .map(Number)
      .filter(Number.isInteger);
    changeHead(pathOf(String(Math.max(...numbers))), (head: CommitHead) => ({
      ...head,
      operations: head.operations.map((one) => (one.op === "put" ? { ...one, lengths: [2 ** 40] } : one)),
    }));
    const consumer = await (await opened(folder)).consumer();
    expect(() => consumer.poll(1, noWait)).toThrow(expect.objectContaining({ code: "DATA_CORRUPT" }));
  });
});

describe("a segment", () => {
  test("whose state is damaged is refused", async () => {
    const worker = await Worker.on(buffer);
    worker.put(1);
    const log = logOf(folder);
    cut(log);
    const path = join(log.segment.path, "state");
    const whole = readFileSync(path);
    await withEach(path, [...cutShort(whole), ...bitsTurned(whole, 24)], async () => {
      expect(await codeOf(opened(folder))).toBe("DATA_CORRUPT");
    });
    expect((await Worker.on(await opened(folder))).take()).toEqual([1]);
  });

  test("whose state is of another buffer, or of another segment, is refused", async () => {
    using other = new Folder();
    await created(other);
    const log = logOf(folder);
    commit(log);
    const first = join(log.segment.path, "state");
    cut(log);
    const path = join(log.segment.path, "state");
    const theirs = join(logOf(other).segment.path, "state");
    await withEach(first, [readFileSync(theirs)], async () => {
      // The first segment is not needed by those who come now.
      expect(await codeOf(opened(folder))).toBe("works");
    });
    for (const foreign of [theirs, first]) {
      await withEach(path, [readFileSync(foreign)], async () => {
        expect(await codeOf(opened(folder))).toBe("DATA_CORRUPT");
      });
    }
    expect(await codeOf(opened(folder))).toBe("works");
  });

  test("that is missing is refused, and nobody goes round for it", async () => {
    const worker = await Worker.on(buffer);
    worker.put(1);
    const log = logOf(folder);
    cut(log);
    commit(log);
    rmSync(log.segment.path, { recursive: true });
    expect(await codeOf(opened(folder))).toBe("DATA_CORRUPT");
    expect(() => worker.take()).toThrow(expect.objectContaining({ code: "DATA_CORRUPT" }));
    for (const name of segmentsOf(folder)) rmSync(join(folder.root, name), { recursive: true });
    expect(await codeOf(opened(folder))).toBe("DATA_CORRUPT");
  });
});
