/** Gets the bytes of items from the files of the commits that put them, and checks each by its CRC-32. */

import { crc32 } from "node:zlib";
import { BufferError } from "@sluice/core";
import type { CommitLog } from "./commit-log.js";
import type { Item } from "./item.js";
import { isFlaw } from "./record.js";
import { type ReadRecord, readPart, readRecordFile } from "./record-file.js";
import { commitPath } from "./segment.js";
import { errnoOf, storageError } from "./storage-error.js";

// What was read along with a commit is kept for whoever takes its items next, which is usually soon.
const KEPT_BYTES_MAX = 1024 * 1024;
const READ_AHEAD_BYTES = 64 * 1024;

interface Kept {
  readonly bytes: Buffer;
  readonly payloadStart: number;
}

/** The state that was looked at is no longer current: look again. */
export class Stale extends Error {}

export class PayloadReader {
  readonly #log: CommitLog;
  readonly #kept = new Map<number, Kept>();
  #keptBytes = 0;

  constructor(log: CommitLog) {
    this.#log = log;
  }

  keep(commit: number, record: Pick<ReadRecord, "bytes" | "payloadStart">): void {
    if (record.bytes.length <= record.payloadStart) return;
    this.forget(commit);
    this.#kept.set(commit, record);
    this.#keptBytes += record.bytes.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= KEPT_BYTES_MAX || oldest === commit) break;
      this.forget(oldest);
    }
  }

  forget(commit: number): void {
    const kept = this.#kept.get(commit);
    if (kept === undefined) return;
    this.#keptBytes -= kept.bytes.length;
    this.#kept.delete(commit);
  }

  forgetAll(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  /**
   * The bytes of these items, before the commit that takes them: what is read afterwards might be gone.
   * Nobody else keeps or changes them.
   *
   * @throws Stale; BufferError `DATA_CORRUPT`, if the damaged item is still in the buffer.
   */
  read(items: readonly Item[]): Uint8Array[] {
    return items.map((item) => {
      // Whoever had it before under a lease may have written to the bytes that are kept here.
      let bytes = this.#readOne(item);
      if (bytes === undefined) {
        this.forget(item.commit);
        bytes = this.#readOne(item);
      }
      if (bytes === undefined) throw this.#damage(item);
      return bytes;
    });
  }

  #readOne(item: Item): Uint8Array | undefined {
    const kept = this.#kept.get(item.commit) ?? this.#readAhead(item);
    const start = kept.payloadStart + item.offset;
    const bytes =
      start + item.length <= kept.bytes.length
        ? kept.bytes.subarray(start, start + item.length)
        : this.#read(item, (path) => readPart(path, start, item.length));
    return bytes.length === item.length && crc32(bytes) === item.sum ? bytes : undefined;
  }

  #readAhead(item: Item): Kept {
    const found = this.#read(item, (path) => readRecordFile(path, READ_AHEAD_BYTES));
    if (isFlaw(found)) throw this.#damage(item);
    this.keep(item.commit, found);
    return found;
  }

  #read<T>(item: Item, read: (path: string) => T): T {
    try {
      return read(commitPath(this.#log.segment, item.commit));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") throw this.#damage(item);
      throw storageError(error, "Reading an item");
    }
  }

  #damage(item: Item): Error {
    this.forget(item.commit);
    const { number, segment } = this.#log;
    this.#log.catchUp();
    if (this.#log.number !== number || this.#log.segment !== segment) return new Stale();
    const where = `Item ${item.sequence}, put by commit ${item.commit}`;
    return new BufferError("DATA_CORRUPT", `${where}, is damaged in ${segment.path}`, { transport: "file" });
  }
}
