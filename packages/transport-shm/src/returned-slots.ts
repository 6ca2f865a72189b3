/** Slots of items that came back: a list by sequence, whose links are the slots' own. They are ready, before all fresh ones. */

import type { ConsumerCommit, Ending } from "./consumer-commit.js";
import { highWord, lowWord } from "./counter.js";
import { damaged } from "./faults.js";
import type { Region } from "./region.js";
import { Slot, State, slotWord, Word } from "./region-layout.js";
import { checkSlot } from "./slot-bytes.js";
import type { LeaseGrant, SlotTable } from "./slot-table.js";

export class ReturnedSlots {
  /** How many came back since this was last set to 0. */
  addedCount = 0;
  readonly #region: Region;
  readonly #slots: SlotTable;
  readonly #commit: ConsumerCommit;

  constructor(region: Region, slots: SlotTable, commit: ConsumerCommit) {
    this.#region = region;
    this.#slots = slots;
    this.#commit = commit;
  }

  get count(): number {
    return this.#region.words[Word.returned] as number;
  }

  /** The slot of the oldest of them; undefined if there is none. */
  get first(): number | undefined {
    const first = this.#region.words[Word.returnedFirst] as number;
    return first === 0 ? undefined : this.#slotOf(first);
  }

  /** Removes the oldest: taken, or discarded. */
  end(slot: number, how: Ending): void {
    this.#commit.begin();
    this.#unlink(slot);
    this.#commit.end(slot, how);
    this.#commit.complete();
  }

  /** Leases the oldest, as `nextLease`. */
  lease(slot: number, grant: LeaseGrant): void {
    const { geometry, floats } = this.#region;
    const commit = this.#commit;
    const at = slotWord(geometry, slot);
    const lease = commit.nextLease;
    // A slot that came back has no time to keep: nobody reads this before the commit.
    floats[(at + Slot.until) / 2] = grant.until;
    this.#slots.endsNotLaterThan(grant.until);
    commit.begin();
    this.#unlink(slot);
    commit.add(at + Slot.deliveries, 1);
    commit.set(at + Slot.holder, grant.holder);
    commit.set(at + Slot.lease, lowWord(lease));
    commit.set(at + Slot.leaseHigh, highWord(lease));
    commit.set(at + Slot.state, State.leased);
    commit.setLastLease(lease);
    commit.add(Word.leased, 1);
    commit.complete();
  }

  /** Puts a slot in its place by sequence, which is usually the end. Within a commit. */
  link(slot: number): void {
    const { geometry, words } = this.#region;
    const commit = this.#commit;
    const sequence = this.#slots.sequenceOf(slot);
    const last = words[Word.returnedLast] as number;
    let before = 0;
    let behind = words[Word.returnedFirst] as number;
    if (this.#isBefore(last, sequence)) {
      before = last;
      behind = 0;
    } else {
      for (let steps = 0; this.#isBefore(behind, sequence); steps++) {
        if (steps > geometry.slots) throw damaged("a list without end");
        before = behind;
        behind = words[this.#linkOf(behind)] as number;
      }
    }
    const at = slotWord(geometry, slot);
    commit.set(at + Slot.next, behind);
    commit.set(at + Slot.state, State.returned);
    if (before === 0) commit.set(Word.returnedFirst, slot + 1);
    else commit.set(this.#linkOf(before), slot + 1);
    if (behind === 0) commit.set(Word.returnedLast, slot + 1);
    commit.add(Word.returned, 1);
    this.addedCount += 1;
  }

  #unlink(first: number): void {
    const next = this.#region.words[slotWord(this.#region.geometry, first) + Slot.next] as number;
    this.#commit.set(Word.returnedFirst, next);
    if (next === 0) this.#commit.set(Word.returnedLast, 0);
    this.#commit.add(Word.returned, -1);
  }

  // A link is 0 at the end, else the slot's number + 1.
  #slotOf(link: number): number {
    return checkSlot(this.#region, link - 1);
  }

  #linkOf(link: number): number {
    return slotWord(this.#region.geometry, this.#slotOf(link)) + Slot.next;
  }

  #isBefore(link: number, sequence: number): boolean {
    return link !== 0 && this.#slots.sequenceOf(this.#slotOf(link)) < sequence;
  }
}
