/**
 * The producers' side: puts. Everything is written before one store, that of `produced`, which commits; the rest follows from
 * the redo list. To be used under the producers' lock.
 */

import { type BufferSpec, ENVELOPE_BYTES_MAX, failpoint, outOfRange } from "@sluice/core";
import { highWord, lowWord, read64 } from "./counter.js";
import { damaged } from "./faults.js";
import { RedoList } from "./redo-list.js";
import type { Region } from "./region.js";
import { Producer, REDO_PAIRS_MAX, Slot, slotWord, Word } from "./region-layout.js";
import { checkSlot, chunkCount, writeItem } from "./slot-bytes.js";

export class ProducersSide {
  /** What ran out when `roomFor` was last asked. */
  fullBy: "items" | "bytes" = "items";
  readonly #region: Region;
  readonly #spec: BufferSpec;
  readonly #redo: RedoList;
  readonly #itemMax: number;
  #roomBytes = 0;

  constructor(region: Region, spec: BufferSpec) {
    this.#region = region;
    this.#itemMax = spec.itemBytesMax + ENVELOPE_BYTES_MAX;
    this.#spec = spec;
    this.#redo = new RedoList(region.words, Word.producerRedo, REDO_PAIRS_MAX);
  }

  /** Whatever the last owner of the lock was in the middle of: its put happened if its commit did, and not otherwise. */
  repair(): void {
    const { words } = this.#region;
    if (words[Word.pk] === Atomics.load(words, Word.produced)) this.#redo.repair();
  }

  /** Items inside: ready, leased and parked. Others may take while this is counted: then it is less. */
  get occupied(): number {
    const { words } = this.#region;
    const inside =
      ((words[Word.produced] as number) + this.#requeued - Atomics.load(words, Word.removed)) | 0;
    if (inside < 0 || inside > this.#spec.capacity) throw damaged(`${inside} items inside`);
    return inside;
  }

  get #requeued(): number {
    return Atomics.load(this.#region.words, Word.requeued);
  }

  /** For a requeue, which adds an item without a put. Before its commit: the peak may be above what was, not below. */
  noteOneMore(): void {
    const { words } = this.#region;
    words[Word.peak] = Math.max(words[Word.peak] as number, this.occupied + 1);
  }

  /** Their bytes. */
  get bytes(): number {
    const { words } = this.#region;
    return ((words[Word.putBytes] as number) - Atomics.load(words, Word.removedBytes)) >>> 0;
  }

  /** How many of the items from `from` on there is room for; `fullBy` says what runs out if that is not all. */
  roomFor(items: readonly Uint8Array[], from: number): number {
    const most = Math.min(items.length - from, this.#spec.capacity - this.occupied);
    const { bufferBytesMax } = this.#spec;
    const inside = this.bytes;
    this.#roomBytes = 0;
    for (let count = 0; count < most; count++) {
      const { byteLength } = items[from + count] as Uint8Array;
      // Core has looked at its length: since then it has grown.
      if (byteLength > this.#itemMax) throw hasGrown(byteLength);
      if (inside + this.#roomBytes + byteLength > bufferBytesMax) {
        this.fullBy = "bytes";
        return count;
      }
      this.#roomBytes += byteLength;
    }
    this.fullBy = "items";
    return most;
  }

  /**
   * Puts `count` items, for which `roomFor` has just found room.
   *
   * @param envelopes - of those items that have one behind them, its length.
   * @param record - first word of the producer's record, 0 if it has none; `last` is its last sequence afterwards.
   */
  put(
    items: readonly Uint8Array[],
    envelopes: readonly number[] | undefined,
    from: number,
    count: number,
    record: number,
    last: number,
  ): void {
    const { geometry, words } = this.#region;
    const redo = this.#redo;
    const produced = words[Word.produced] as number;
    const allProduced = read64(words, Word.produced, Word.producedHigh);
    const occupied = this.occupied + count;
    const tail = allProduced + (this.#requeued >>> 0);
    let chunk = words[Word.chunkHead] as number;
    let chunks = 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const item = items[from + i] as Uint8Array;
      const slot = checkSlot(
        this.#region,
        words[geometry.freeRing + ((produced + i) & geometry.freeMask)] as number,
      );
      const at = slotWord(geometry, slot);
      const length = item.byteLength;
      bytes += length;
      if (bytes > this.#roomBytes) throw hasGrown(length);
      chunks += chunkCount(this.#region, length);
      if (chunks > 0) this.#checkChunks(chunks);
      chunk = writeItem(this.#region, slot, item, length, chunk);
      words[at + Slot.envelopeBytes] = envelopes === undefined ? 0 : (envelopes[from + i] as number);
      words[at + Slot.sequence] = lowWord(tail + i + 1);
      words[at + Slot.sequenceHigh] = highWord(tail + i + 1);
      words[at + Slot.deliveries] = 0;
      words[at + Slot.failures] = 0;
      words[geometry.readyRing + (lowWord(tail + i) & geometry.readyMask)] = slot;
    }
    // First of all: the list of the put before still stands beside its own `pk`.
    words[Word.pk] = (produced + count) | 0;
    redo.begin();
    redo.set(Word.putBytes, ((words[Word.putBytes] as number) + bytes) | 0);
    const high = highWord(allProduced + count);
    if (high !== words[Word.producedHigh]) redo.set(Word.producedHigh, high);
    if (occupied > (words[Word.peak] as number)) redo.set(Word.peak, occupied);
    if (chunks > 0) {
      redo.set(Word.chunkHead, chunk);
      redo.set(Word.chunksTaken, ((words[Word.chunksTaken] as number) + chunks) | 0);
    }
    if (record !== 0) {
      redo.set(record + Producer.lastHigh, highWord(last));
      redo.set(record + Producer.last, lowWord(last));
    }
    redo.finish();
    failpoint("shm.before-put-commit");
    Atomics.store(words, Word.produced, (produced + count) | 0);
    failpoint("shm.after-put-commit");
    redo.apply();
    // From here on others may change these words: nobody is to set them back.
    redo.begin();
  }

  // There are always enough, by the bound on bytes; unless somebody wrote over the region.
  #checkChunks(wanted: number): void {
    const { words } = this.#region;
    const free = (Atomics.load(words, Word.chunksFreed) - (words[Word.chunksTaken] as number)) | 0;
    if (free < wanted) throw damaged(`${free} free chunks, and ${wanted} are needed`);
  }
}

// Nothing has been put: what was written so far is nobody's yet.
function hasGrown(byteLength: number): RangeError {
  return outOfRange(
    "the item",
    "of one length while it is put",
    `${byteLength} bytes, which are more than before`,
  );
}
