/** Slots of items that were never handed out: those from the head to the tail of the ready ring. */

import type { BufferSpec } from "@sluice/core";
import type { ConsumerCommit, Ending } from "./consumer-commit.js";
import { highWord, lowWord } from "./counter.js";
import { damaged } from "./faults.js";
import type { Region } from "./region.js";
import { Slot, State, slotWord, Word } from "./region-layout.js";
import { checkSlot, chunkCount } from "./slot-bytes.js";
import type { LeaseGrant, SlotTable } from "./slot-table.js";

export class FreshSlots {
  readonly #region: Region;
  readonly #countMax: number;
  readonly #slots: SlotTable;
  readonly #commit: ConsumerCommit;

  constructor(region: Region, spec: BufferSpec, slots: SlotTable, commit: ConsumerCommit) {
    this.#region = region;
    this.#countMax = spec.capacity;
    this.#slots = slots;
    this.#commit = commit;
  }

  /** Puts go on meanwhile: then there are more. */
  get count(): number {
    const { words } = this.#region;
    const tail = Atomics.load(words, Word.produced) + (words[Word.requeued] as number);
    const count = (tail - (words[Word.head] as number)) | 0;
    if (count < 0 || count > this.#countMax) throw damaged(`${count} items that were never handed out`);
    return count;
  }

  /** The slot of one of them; 0 is the oldest. */
  slot(index: number): number {
    const { geometry, words } = this.#region;
    const position = (words[Word.head] as number) + index;
    return checkSlot(this.#region, words[geometry.readyRing + (position & geometry.readyMask)] as number);
  }

  /** Removes the next `count` items: taken, or discarded. */
  end(count: number, how: Ending): void {
    const commit = this.#commit;
    commit.begin();
    let bytes = 0;
    let chunkTail = commit.chunkTail;
    let chunks = 0;
    const free = commit.freeEnd;
    for (let i = 0; i < count; i++) {
      const slot = this.slot(i);
      const length = this.#slots.lengthOf(slot);
      bytes += length;
      const own = chunkCount(this.#region, length);
      if (own > 0) {
        chunkTail = commit.appendChain(chunkTail, slot);
        chunks += own;
      }
      commit.writeFree(free + i, slot);
    }
    commit.add(Word.head, count);
    commit.countEnded(how, count);
    commit.countChunks(chunkTail, chunks);
    commit.countRemoved(count, bytes);
    commit.complete();
  }

  /** Leases the next `count` items, from `nextLease` on. */
  lease(count: number, grant: LeaseGrant): void {
    const { geometry, words, floats } = this.#region;
    const commit = this.#commit;
    const first = commit.nextLease;
    for (let i = 0; i < count; i++) {
      const at = slotWord(geometry, this.slot(i));
      // Written before the commit: it is found by nobody before, and cleared by whoever repairs.
      words[at + Slot.deliveries] = 1;
      words[at + Slot.holder] = grant.holder;
      words[at + Slot.lease] = lowWord(first + i);
      words[at + Slot.leaseHigh] = highWord(first + i);
      floats[(at + Slot.until) / 2] = grant.until;
      words[at + Slot.state] = State.leased;
    }
    this.#slots.endsNotLaterThan(grant.until);
    commit.begin();
    commit.setLastLease(first + count - 1);
    commit.add(Word.head, count);
    commit.add(Word.leased, count);
    commit.complete();
  }

  /** A lease that was written but not committed must not be found by those who look through all slots. */
  repair(): void {
    const { geometry, words } = this.#region;
    const { count } = this;
    for (let i = 0; i < count; i++) {
      const at = slotWord(geometry, this.slot(i));
      words[at + Slot.state] = State.none;
      words[at + Slot.deliveries] = 0;
    }
  }
}
