/**
 * One operation of the consumers' side: written down in the redo list, committed by one store, that of `valid`, and then applied.
 * What becomes free is written where nobody looks before the commit.
 */

import { failpoint } from "@sluice/core";
import { highWord, lowWord, read64 } from "./counter.js";
import { damaged } from "./faults.js";
import { RedoList } from "./redo-list.js";
import type { Region } from "./region.js";
import { REDO_PAIRS_MAX, Slot, State, slotWord, Word } from "./region-layout.js";
import { chunkCount } from "./slot-bytes.js";
import type { SlotTable } from "./slot-table.js";

/** How an item ends. */
export type Ending = "consumed" | "discarded";

export class ConsumerCommit {
  readonly #region: Region;
  readonly #words: Int32Array;
  readonly #slots: SlotTable;
  readonly #redo: RedoList;

  constructor(region: Region, slots: SlotTable) {
    this.#region = region;
    this.#words = region.words;
    this.#slots = slots;
    this.#redo = new RedoList(region.words, Word.consumerRedo, REDO_PAIRS_MAX);
  }

  begin(): void {
    this.#redo.begin();
  }

  /** What a word will be. At most once for each word. */
  set(word: number, value: number): void {
    this.#redo.set(word, value);
  }

  /** By how much a counter of one word will have changed. */
  add(word: number, change: number): void {
    this.#redo.set(word, ((this.#words[word] as number) + change) | 0);
  }

  complete(): void {
    this.#redo.finish();
    failpoint("shm.before-take-commit");
    Atomics.store(this.#words, Word.valid, 1);
    failpoint("shm.after-take-commit");
    this.#redo.apply();
    failpoint("shm.after-take-apply");
    Atomics.store(this.#words, Word.valid, 0);
  }

  /** Whatever was under way happened if it was committed, and not otherwise. */
  repair(): void {
    if (this.#words[Word.valid] !== 1) return;
    this.#redo.apply();
    Atomics.store(this.#words, Word.valid, 0);
  }

  /** The id of the next lease. */
  get nextLease(): number {
    return read64(this.#words, Word.lastLease, Word.lastLeaseHigh) + 1;
  }

  setLastLease(lease: number): void {
    this.#redo.set(Word.lastLease, lowWord(lease));
    const high = highWord(lease);
    if (high !== this.#words[Word.lastLeaseHigh]) this.#redo.set(Word.lastLeaseHigh, high);
  }

  /** The item of a slot ends, and counts no longer. Last in its commit. */
  end(slot: number, how: Ending): void {
    this.countEnded(how, 1);
    this.free(slot);
    this.countRemoved(1, this.#slots.lengthOf(slot));
  }

  /** Slot and chunks are free again. */
  free(slot: number): void {
    this.#redo.set(slotWord(this.#region.geometry, slot) + Slot.state, State.none);
    this.writeFree(this.freeEnd, slot);
    const chunks = chunkCount(this.#region, this.#slots.lengthOf(slot));
    if (chunks > 0) this.countChunks(this.appendChain(this.chunkTail, slot), chunks);
  }

  /** Position behind the last free slot in the ring of free ones. */
  get freeEnd(): number {
    const words = this.#words;
    const ended = (words[Word.consumed] as number) + (words[Word.discarded] as number);
    return (this.#region.geometry.slots + ended) | 0;
  }

  /** From `freeEnd` on: nobody looks there before `consumed` or `discarded` has grown. */
  writeFree(position: number, slot: number): void {
    const { geometry } = this.#region;
    this.#words[geometry.freeRing + (position & geometry.freeMask)] = slot;
  }

  /** The last chunk of the free chain. */
  get chunkTail(): number {
    return this.#words[Word.chunkTail] as number;
  }

  /** Links the chunks of a slot behind `end`: nobody looks there before `chunksFreed` has grown. Returns the new end. */
  appendChain(end: number, slot: number): number {
    const { geometry } = this.#region;
    const words = this.#words;
    const at = slotWord(geometry, slot);
    const last = words[at + Slot.chunkLast] as number;
    if (end < 0 || end >= geometry.chunks || last < 0 || last >= geometry.chunks)
      throw damaged("a chunk that is none");
    words[geometry.links + end] = words[at + Slot.chunk] as number;
    return last;
  }

  countEnded(how: Ending, count: number): void {
    const isConsumed = how === "consumed";
    const low = isConsumed ? Word.consumed : Word.discarded;
    const high = isConsumed ? Word.consumedHigh : Word.discardedHigh;
    const sum = read64(this.#words, low, high) + count;
    this.#redo.set(low, lowWord(sum));
    if (highWord(sum) !== this.#words[high]) this.#redo.set(high, highWord(sum));
  }

  countChunks(end: number, count: number): void {
    if (count === 0) return;
    this.#redo.set(Word.chunkTail, end);
    this.add(Word.chunksFreed, count);
  }

  /** Last in every commit: a producer that sees it finds the slots, chunks and bytes that are free. */
  countRemoved(count: number, bytes: number): void {
    if (bytes !== 0) this.add(Word.removedBytes, bytes);
    if (count !== 0) this.add(Word.removed, count);
  }
}
