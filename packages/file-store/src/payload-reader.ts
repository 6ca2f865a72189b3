/** Gets the bytes of items from where the commits that put them have left them, and checks each by its CRC-32. */

import { crc32 } from "node:zlib";
import { Stale } from "./decision.js";
import { errnoOf } from "./faults.js";
import type { Item } from "./item.js";
import type { DiskLog, Payload, PayloadPart } from "./log.js";

// What was read along with a commit is kept for whoever takes its items next, which is usually soon.
const KEPT_BYTES_MAX = 1024 * 1024;

export class PayloadReader implements Payload {
  readonly #log: DiskLog;
  readonly #kept = new Map<number, PayloadPart>();
  #keptBytes = 0;

  constructor(log: DiskLog) {
    this.#log = log;
  }

  // Others' commits are read with the bytes of their items.
  expect(): void {
    this.#log.readsPayload = true;
  }

  sumsOf(items: readonly Uint8Array[]): readonly number[] {
    return items.map((item) => crc32(item));
  }

  keep(commit: number, part: PayloadPart): void {
    if (part.bytes.length <= part.payloadStart) return;
    this.forget(commit);
    this.#kept.set(commit, part);
    this.#keptBytes += part.bytes.length;
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

  moved(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

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
    const isKept = start + item.length <= kept.bytes.length;
    const bytes = isKept
      ? kept.bytes.subarray(start, start + item.length)
      : this.#read(() => this.#log.readPart(item.commit, kept.at + start, item.length), item);
    // Whom it was handed to may have written to it.
    if (isKept && kept.isChecked && item.deliveries === 0) return bytes;
    return bytes.length === item.length && crc32(bytes) === item.sum ? bytes : undefined;
  }

  #readAhead(item: Item): PayloadPart {
    const found = this.#read(() => this.#log.readAhead(item.commit), item);
    if (found === undefined) throw this.#damage(item);
    this.keep(item.commit, found);
    return found;
  }

  #read<T>(read: () => T, item: Item): T {
    try {
      return read();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") throw this.#damage(item);
      throw this.#log.faults.storage(error, "Reading an item");
    }
  }

  #damage(item: Item): Error {
    this.forget(item.commit);
    const { number, place } = this.#log;
    this.#log.catchUp();
    if (this.#log.number !== number || this.#log.place !== place) return new Stale();
    const where = `Item ${item.sequence}, put by commit ${item.commit}`;
    return this.#log.faults.of("DATA_CORRUPT", `${where}, is damaged in ${place}`);
  }
}
