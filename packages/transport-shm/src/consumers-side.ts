/**
 * The consumers' side: what is handed out, comes back, ends or dies. One store, that of `valid`, commits what the redo list
 * says. To be used under the consumers' lock.
 */

import { type BufferSpec, failpoint } from "@sluice/core";
import { highWord, lowWord, read64 } from "./counter.js";
import { RedoList } from "./redo-list.js";
import type { Region } from "./region.js";
import { REDO_PAIRS_MAX, Slot, State, slotWord, Word } from "./region-layout.js";
import { isDiscarding, isSealed } from "./seal.js";
import { checkSlot, chunkCount, damaged } from "./slot-bytes.js";
import { type LeaseGrant, SlotTable } from "./slot-table.js";

/** Where an item goes that was handed out. */
export type Fate =
  | { readonly kind: "consumed" }
  | { readonly kind: "back" }
  | { readonly kind: "failed"; readonly reason: string; readonly until: number }
  | { readonly kind: "buried"; readonly reason: string };

export class ConsumersSide {
  /** Items that became ready since this was last set to 0: they came back. */
  returnedNow = 0;
  readonly slots: SlotTable;
  readonly #region: Region;
  readonly #spec: BufferSpec;
  readonly #redo: RedoList;

  constructor(region: Region, spec: BufferSpec) {
    this.#region = region;
    this.#spec = spec;
    this.slots = new SlotTable(region, spec);
    this.#redo = new RedoList(region.words, Word.consumerRedo, REDO_PAIRS_MAX);
  }

  /** Whatever the last owner of the lock was in the middle of: it happened if its commit did, and not otherwise. */
  repair(): void {
    const { geometry, words } = this.#region;
    if (words[Word.valid] === 1) {
      this.#redo.apply();
      Atomics.store(words, Word.valid, 0);
    }
    // A lease that was written but not committed must not be found by those who look through all slots.
    const fresh = this.#freshCount(Atomics.load(words, Word.produced));
    for (let i = 0; i < fresh; i++) {
      const at = slotWord(geometry, this.#freshSlot(i));
      words[at + Slot.state] = State.none;
      words[at + Slot.deliveries] = 0;
    }
  }

  get isSealed(): boolean {
    return isSealed(this.#region.words);
  }

  get leased(): number {
    return this.#word(Word.leased);
  }

  get returned(): number {
    return this.#word(Word.returned);
  }

  /** Ready items. Puts go on meanwhile: then there are more. */
  get ready(): number {
    return this.returned + this.#freshCount(Atomics.load(this.#region.words, Word.produced));
  }

  /** No more puts, and nothing ready or leased. Sealed is read first: then no put can come between. */
  get isDrained(): boolean {
    return this.isSealed && this.ready === 0 && this.leased === 0;
  }

  /** The slot of one of the items that were never handed out; 0 is the oldest. */
  freshSlot(index: number): number {
    return this.#freshSlot(index);
  }

  /** Items that were never handed out. */
  get fresh(): number {
    return this.#freshCount(Atomics.load(this.#region.words, Word.produced));
  }

  /** The slot of the oldest item that came back; undefined if none did. */
  get returnedSlot(): number | undefined {
    const first = this.#word(Word.returnedFirst);
    return first === 0 ? undefined : checkSlot(this.#region, first - 1);
  }

  /** Removes the next `count` items that were never handed out: taken, or discarded. */
  endFresh(count: number, how: "consumed" | "discarded"): void {
    const { words } = this.#region;
    const redo = this.#redo;
    redo.begin();
    let bytes = 0;
    let freed = this.#word(Word.chunkTail);
    let chunks = 0;
    const free = this.#freeEnd();
    for (let i = 0; i < count; i++) {
      const slot = this.#freshSlot(i);
      const length = this.slots.lengthOf(slot);
      bytes += length;
      const own = chunkCount(this.#region, length);
      if (own > 0) {
        freed = this.#appendChain(freed, slot);
        chunks += own;
      }
      this.#writeFree(free + i, slot);
    }
    redo.set(Word.head, ((words[Word.head] as number) + count) | 0);
    this.#countEnded(how, count);
    this.#countChunks(freed, chunks);
    this.#countRemoved(count, bytes);
    this.#commit();
  }

  /** The id of the next lease. */
  get nextLease(): number {
    return read64(this.#region.words, Word.lastLease, Word.lastLeaseHigh) + 1;
  }

  /** Leases the next `count` items that were never handed out, from `nextLease` on. */
  leaseFresh(count: number, grant: LeaseGrant): void {
    const { geometry, words, floats } = this.#region;
    const first = this.nextLease;
    for (let i = 0; i < count; i++) {
      const at = slotWord(geometry, this.#freshSlot(i));
      // Written before the commit: it is found by nobody before, and cleared by whoever repairs.
      words[at + Slot.deliveries] = 1;
      words[at + Slot.holder] = grant.holder;
      words[at + Slot.lease] = lowWord(first + i);
      words[at + Slot.leaseHigh] = highWord(first + i);
      floats[(at + Slot.until) / 2] = grant.until;
      words[at + Slot.state] = State.leased;
    }
    this.slots.endsNotLaterThan(grant.until);
    const redo = this.#redo;
    redo.begin();
    this.#setLease(first + count - 1);
    redo.set(Word.head, ((words[Word.head] as number) + count) | 0);
    redo.set(Word.leased, this.leased + count);
    this.#commit();
  }

  /** Removes the oldest item that came back: it is taken. */
  takeReturned(slot: number): void {
    this.#redo.begin();
    this.#unlinkReturned(slot);
    this.#end(slot, "consumed");
    this.#commit();
  }

  /** Leases the oldest item that came back, as `nextLease`. */
  leaseReturned(slot: number, grant: LeaseGrant): void {
    const { geometry, words, floats } = this.#region;
    const redo = this.#redo;
    const at = slotWord(geometry, slot);
    const lease = this.nextLease;
    // A slot that came back has no time to keep: nobody reads this before the commit.
    floats[(at + Slot.until) / 2] = grant.until;
    this.slots.endsNotLaterThan(grant.until);
    redo.begin();
    this.#unlinkReturned(slot);
    redo.set(at + Slot.deliveries, (words[at + Slot.deliveries] as number) + 1);
    redo.set(at + Slot.holder, grant.holder);
    redo.set(at + Slot.lease, lowWord(lease));
    redo.set(at + Slot.leaseHigh, highWord(lease));
    redo.set(at + Slot.state, State.leased);
    this.#setLease(lease);
    redo.set(Word.leased, this.leased + 1);
    this.#commit();
  }

  /** Whether this handle holds this very lease on the slot. */
  holds(slot: number, lease: number, holder: number): boolean {
    const { geometry, words } = this.#region;
    const at = slotWord(geometry, slot);
    return (
      words[at + Slot.state] === State.leased &&
      words[at + Slot.holder] === holder &&
      read64(words, at + Slot.lease, at + Slot.leaseHigh) === lease
    );
  }

  extend(slot: number, until: number): void {
    const { geometry, floats } = this.#region;
    this.slots.endsNotLaterThan(until);
    // One store: either time is one that the holder was promised.
    floats[(slotWord(geometry, slot) + Slot.until) / 2] = until;
  }

  /** Ends the lease, or the delay, of a slot. */
  settle(slot: number, fate: Fate): void {
    const { geometry, words } = this.#region;
    const redo = this.#redo;
    const at = slotWord(geometry, slot);
    const isFailure = fate.kind === "failed";
    const failures = (words[at + Slot.failures] as number) + (isFailure ? 1 : 0);
    redo.begin();
    if (isFailure) redo.set(at + Slot.failures, failures);
    if (fate.kind === "consumed") {
      redo.set(Word.leased, this.leased - 1);
      this.#end(slot, "consumed");
    } else if (fate.kind === "buried" || (isFailure && failures >= this.#spec.failuresMax)) {
      redo.set(Word.leased, this.leased - 1);
      this.#bury(slot, fate.reason);
    } else if (isFailure && fate.until > 0 && !isDiscarding(this.#region.words)) {
      this.#delay(slot, fate.until);
    } else {
      redo.set(Word.leased, this.leased - 1);
      this.#giveBack(slot);
    }
    this.#commit();
  }

  /** Removes what is ready or parked, if the buffer was sealed so. To be called before anything else is done. */
  discardAll(): void {
    if (!isDiscarding(this.#region.words)) return;
    for (let fresh = this.fresh; fresh > 0; fresh = this.fresh) this.endFresh(fresh, "discarded");
    for (let slot = this.returnedSlot; slot !== undefined; slot = this.returnedSlot) {
      this.#redo.begin();
      this.#unlinkReturned(slot);
      this.#end(slot, "discarded");
      this.#commit();
    }
    if (this.#word(Word.parked) === 0) return;
    for (const slot of this.slots.inState(State.parked)) {
      this.#redo.begin();
      this.#redo.set(Word.parked, this.#word(Word.parked) - 1);
      this.#end(slot, "discarded");
      this.#commit();
    }
  }

  /** Ends the leases and delays whose time is over. */
  expire(now: number): void {
    const { geometry, words, floats } = this.#region;
    let next = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < geometry.slots; slot++) {
      const at = slotWord(geometry, slot);
      const state = words[at + Slot.state];
      if (state !== State.leased && state !== State.delayed) continue;
      const until = floats[(at + Slot.until) / 2] as number;
      if (until > now) next = Math.min(next, until);
      else if (state === State.delayed) this.settle(slot, { kind: "back" });
      else this.settle(slot, { kind: "failed", reason: "lease expired", until: 0 });
    }
    this.slots.nextEnd = next;
  }

  /** Who holds leases. */
  holders(): Set<number> {
    const slots = this.leased === 0 ? [] : this.slots.inState(State.leased);
    return new Set(slots.map((slot) => this.slots.holderOf(slot)));
  }

  /** Ends all leases of one holder. */
  endLeasesOf(holder: number, fate: Fate): void {
    if (this.leased === 0) return;
    for (const slot of this.slots.inState(State.leased)) {
      if (this.slots.holderOf(slot) === holder) this.settle(slot, fate);
    }
  }

  /** The slot of a dead letter. */
  findDead(sequence: number): number | undefined {
    return this.slots.inState(State.dead).find((slot) => this.slots.sequenceOf(slot) === sequence);
  }

  /** Removes a dead letter. The parked item of the smallest sequence moves into its room in the same commit. */
  removeDead(slot: number): void {
    const parked = this.#nextParked();
    this.#redo.begin();
    this.#countEnded("discarded", 1);
    this.#free(slot);
    this.#leaveDead(parked, 0);
    this.#commit();
  }

  /** What the parked item that would move up leaves to a requeue. */
  get roomOfNextParked(): { readonly items: number; readonly bytes: number } {
    const parked = this.#nextParked();
    return parked === undefined ? { items: 0, bytes: 0 } : { items: 1, bytes: this.slots.lengthOf(parked) };
  }

  /** Puts a dead letter at the tail. Under both locks; there is room. */
  requeueDead(slot: number): void {
    const { geometry, words } = this.#region;
    const redo = this.#redo;
    const parked = this.#nextParked();
    const at = slotWord(geometry, slot);
    const tail = read64(words, Word.produced, Word.producedHigh) + ((words[Word.requeued] as number) >>> 0);
    words[geometry.readyRing + (lowWord(tail) & geometry.readyMask)] = slot;
    redo.begin();
    redo.set(at + Slot.sequence, lowWord(tail + 1));
    redo.set(at + Slot.sequenceHigh, highWord(tail + 1));
    redo.set(at + Slot.deliveries, 0);
    redo.set(at + Slot.failures, 0);
    redo.set(at + Slot.state, State.none);
    redo.set(Word.requeued, ((words[Word.requeued] as number) + 1) | 0);
    this.#leaveDead(parked, -this.slots.lengthOf(slot));
    this.#commit();
  }

  #commit(): void {
    const { words } = this.#region;
    this.#redo.finish();
    failpoint("shm.before-take-commit");
    Atomics.store(words, Word.valid, 1);
    failpoint("shm.after-take-commit");
    this.#redo.apply();
    failpoint("shm.after-take-apply");
    Atomics.store(words, Word.valid, 0);
  }

  #word(word: number): number {
    return this.#region.words[word] as number;
  }

  #freshCount(produced: number): number {
    const fresh = (produced + this.#word(Word.requeued) - this.#word(Word.head)) | 0;
    if (fresh < 0 || fresh > this.#spec.capacity) throw damaged(`${fresh} items that were never handed out`);
    return fresh;
  }

  #freshSlot(index: number): number {
    const { geometry, words } = this.#region;
    const position = (words[Word.head] as number) + index;
    return checkSlot(this.#region, words[geometry.readyRing + (position & geometry.readyMask)] as number);
  }

  // Position behind the last free slot in the ring of free ones.
  #freeEnd(): number {
    const { geometry } = this.#region;
    return (geometry.slots + this.#word(Word.consumed) + this.#word(Word.discarded)) | 0;
  }

  // Nobody looks there before `consumed` or `discarded` has grown.
  #writeFree(position: number, slot: number): void {
    const { geometry, words } = this.#region;
    words[geometry.freeRing + (position & geometry.freeMask)] = slot;
  }

  // Behind the end of the free chain, where nobody looks before `chunksFreed` has grown. Returns the new end.
  #appendChain(end: number, slot: number): number {
    const { geometry, words } = this.#region;
    const at = slotWord(geometry, slot);
    const last = words[at + Slot.chunkLast] as number;
    if (end < 0 || end >= geometry.chunks || last < 0 || last >= geometry.chunks)
      throw damaged("a chunk that is none");
    words[geometry.links + end] = words[at + Slot.chunk] as number;
    return last;
  }

  #countEnded(how: "consumed" | "discarded", count: number): void {
    const { words } = this.#region;
    const [low, high] =
      how === "consumed" ? [Word.consumed, Word.consumedHigh] : [Word.discarded, Word.discardedHigh];
    const sum = read64(words, low, high) + count;
    this.#redo.set(low, lowWord(sum));
    if (highWord(sum) !== words[high]) this.#redo.set(high, highWord(sum));
  }

  #countChunks(end: number, count: number): void {
    if (count === 0) return;
    this.#redo.set(Word.chunkTail, end);
    this.#redo.set(Word.chunksFreed, (this.#word(Word.chunksFreed) + count) | 0);
  }

  // Last in every list: a producer that sees it finds the slots, chunks and bytes that are free.
  #countRemoved(count: number, bytes: number): void {
    if (bytes !== 0) this.#redo.set(Word.removedBytes, (this.#word(Word.removedBytes) + bytes) | 0);
    if (count !== 0) this.#redo.set(Word.removed, (this.#word(Word.removed) + count) | 0);
  }

  #setLease(last: number): void {
    this.#redo.set(Word.lastLease, lowWord(last));
    const high = highWord(last);
    if (high !== this.#word(Word.lastLeaseHigh)) this.#redo.set(Word.lastLeaseHigh, high);
  }

  // Slot and chunks are free again.
  #free(slot: number): void {
    const at = slotWord(this.#region.geometry, slot);
    this.#redo.set(at + Slot.state, State.none);
    this.#writeFree(this.#freeEnd(), slot);
    const chunks = chunkCount(this.#region, this.slots.lengthOf(slot));
    if (chunks > 0) this.#countChunks(this.#appendChain(this.#word(Word.chunkTail), slot), chunks);
  }

  #end(slot: number, how: "consumed" | "discarded"): void {
    this.#countEnded(how, 1);
    this.#free(slot);
    this.#countRemoved(1, this.slots.lengthOf(slot));
  }

  #giveBack(slot: number): void {
    if (isDiscarding(this.#region.words)) this.#end(slot, "discarded");
    else this.#linkReturned(slot);
  }

  #delay(slot: number, until: number): void {
    const { geometry, floats } = this.#region;
    const at = slotWord(geometry, slot);
    this.slots.endsNotLaterThan(until);
    // The lease's own time until the commit; later than that it may be, for nobody holds it then.
    floats[(at + Slot.until) / 2] = until;
    this.#redo.set(at + Slot.holder, 0);
    this.#redo.set(at + Slot.state, State.delayed);
  }

  #bury(slot: number, reason: string): void {
    const redo = this.#redo;
    const at = slotWord(this.#region.geometry, slot);
    // Nobody reads the reason of an item that is not dead.
    redo.set(at + Slot.reasonBytes, this.slots.writeReason(slot, reason));
    if (this.#word(Word.dead) < this.#spec.deadLettersMax) {
      redo.set(at + Slot.state, State.dead);
      redo.set(Word.dead, this.#word(Word.dead) + 1);
      this.#countRemoved(1, this.slots.lengthOf(slot));
    } else if (isDiscarding(this.#region.words)) this.#end(slot, "discarded");
    else {
      redo.set(at + Slot.state, State.parked);
      redo.set(Word.parked, this.#word(Word.parked) + 1);
    }
  }

  // A dead letter goes, and the parked item comes into its room. `bytes` is what becomes free beside those of that one.
  #leaveDead(parked: number | undefined, bytes: number): void {
    const redo = this.#redo;
    if (parked === undefined) {
      redo.set(Word.dead, this.#word(Word.dead) - 1);
      this.#countRemoved(0, bytes);
      return;
    }
    redo.set(slotWord(this.#region.geometry, parked) + Slot.state, State.dead);
    redo.set(Word.parked, this.#word(Word.parked) - 1);
    this.#countRemoved(1, bytes + this.slots.lengthOf(parked));
  }

  #nextParked(): number | undefined {
    if (this.#word(Word.parked) === 0) return undefined;
    return this.slots
      .inState(State.parked)
      .reduce<number | undefined>(
        (least, slot) =>
          least === undefined || this.slots.sequenceOf(slot) < this.slots.sequenceOf(least) ? slot : least,
        undefined,
      );
  }

  #unlinkReturned(slot: number): void {
    const { geometry, words } = this.#region;
    const next = words[slotWord(geometry, slot) + Slot.next] as number;
    this.#redo.set(Word.returnedFirst, next);
    if (next === 0) this.#redo.set(Word.returnedLast, 0);
    this.#redo.set(Word.returned, this.returned - 1);
  }

  // Into the list by sequence. What comes back usually belongs at its end.
  #linkReturned(slot: number): void {
    const { geometry, words } = this.#region;
    const redo = this.#redo;
    const sequence = this.slots.sequenceOf(slot);
    const nextOf = (one: number) => slotWord(geometry, checkSlot(this.#region, one - 1)) + Slot.next;
    const isBefore = (one: number) =>
      one !== 0 && this.slots.sequenceOf(checkSlot(this.#region, one - 1)) < sequence;
    const last = this.#word(Word.returnedLast);
    let before = 0;
    let behind = this.#word(Word.returnedFirst);
    if (isBefore(last)) {
      before = last;
      behind = 0;
    } else {
      for (let steps = 0; isBefore(behind); steps++) {
        if (steps > geometry.slots) throw damaged("a list without end");
        before = behind;
        behind = words[nextOf(behind)] as number;
      }
    }
    const at = slotWord(geometry, slot);
    redo.set(at + Slot.next, behind);
    redo.set(at + Slot.state, State.returned);
    if (before === 0) redo.set(Word.returnedFirst, slot + 1);
    else redo.set(nextOf(before), slot + 1);
    if (behind === 0) redo.set(Word.returnedLast, slot + 1);
    redo.set(Word.returned, this.returned + 1);
    this.returnedNow += 1;
  }
}
