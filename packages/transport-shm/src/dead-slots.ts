/**
 * Slots of dead letters, and of parked items, which found their list full. Whenever a dead letter goes, the parked item of the
 * smallest sequence moves into its room in the same commit.
 */

import type { BufferSpec } from "@sluice/core";
import type { ConsumerCommit } from "./consumer-commit.js";
import { highWord, lowWord, read64 } from "./counter.js";
import type { Region } from "./region.js";
import { Slot, State, slotWord, Word } from "./region-layout.js";
import { isDiscarding } from "./seal.js";
import type { SlotTable } from "./slot-table.js";

export class DeadSlots {
  readonly #region: Region;
  readonly #countMax: number;
  readonly #slots: SlotTable;
  readonly #commit: ConsumerCommit;

  constructor(region: Region, spec: BufferSpec, slots: SlotTable, commit: ConsumerCommit) {
    this.#region = region;
    this.#countMax = spec.deadLettersMax;
    this.#slots = slots;
    this.#commit = commit;
  }

  /** The slot of a dead letter. */
  find(sequence: number): number | undefined {
    return this.#slots.inState(State.dead).find((slot) => this.#slots.sequenceOf(slot) === sequence);
  }

  /** Makes an item a dead letter, or parks it. Within a commit. */
  bury(slot: number, reason: string): void {
    const { geometry, words } = this.#region;
    const commit = this.#commit;
    const at = slotWord(geometry, slot);
    // Nobody reads the reason of an item that is not dead.
    commit.set(at + Slot.reasonBytes, this.#slots.writeReason(slot, reason));
    if ((words[Word.dead] as number) < this.#countMax) {
      commit.set(at + Slot.state, State.dead);
      commit.add(Word.dead, 1);
      commit.countRemoved(1, this.#slots.lengthOf(slot));
    } else if (isDiscarding(words)) commit.end(slot, "discarded");
    else {
      commit.set(at + Slot.state, State.parked);
      commit.add(Word.parked, 1);
    }
  }

  remove(slot: number): void {
    const parked = this.#nextParked();
    this.#commit.begin();
    this.#commit.countEnded("discarded", 1);
    this.#commit.free(slot);
    this.#leave(parked, 0);
    this.#commit.complete();
  }

  /** What the parked item that would move up leaves to a requeue. */
  get roomOfNextParked(): { readonly items: number; readonly bytes: number } {
    const parked = this.#nextParked();
    return parked === undefined ? { items: 0, bytes: 0 } : { items: 1, bytes: this.#slots.lengthOf(parked) };
  }

  /** Puts a dead letter at the tail. Under both locks; there is room. */
  requeue(slot: number): void {
    const { geometry, words } = this.#region;
    const commit = this.#commit;
    const parked = this.#nextParked();
    const at = slotWord(geometry, slot);
    const tail = read64(words, Word.produced, Word.producedHigh) + ((words[Word.requeued] as number) >>> 0);
    words[geometry.readyRing + (lowWord(tail) & geometry.readyMask)] = slot;
    commit.begin();
    commit.set(at + Slot.sequence, lowWord(tail + 1));
    commit.set(at + Slot.sequenceHigh, highWord(tail + 1));
    commit.set(at + Slot.deliveries, 0);
    commit.set(at + Slot.failures, 0);
    commit.set(at + Slot.state, State.none);
    commit.add(Word.requeued, 1);
    this.#leave(parked, -this.#slots.lengthOf(slot));
    commit.complete();
  }

  discardParked(): void {
    if ((this.#region.words[Word.parked] as number) === 0) return;
    for (const slot of this.#slots.inState(State.parked)) {
      this.#commit.begin();
      this.#commit.add(Word.parked, -1);
      this.#commit.end(slot, "discarded");
      this.#commit.complete();
    }
  }

  // A dead letter goes, and the parked item comes into its room. `bytes` is what becomes free beside those of that one.
  #leave(parked: number | undefined, bytes: number): void {
    const commit = this.#commit;
    if (parked === undefined) {
      commit.add(Word.dead, -1);
      commit.countRemoved(0, bytes);
      return;
    }
    commit.set(slotWord(this.#region.geometry, parked) + Slot.state, State.dead);
    commit.add(Word.parked, -1);
    commit.countRemoved(1, bytes + this.#slots.lengthOf(parked));
  }

  #nextParked(): number | undefined {
    if (this.#region.words[Word.parked] === 0) return undefined;
    const sequenceOf = (slot: number) => this.#slots.sequenceOf(slot);
    return this.#slots
      .inState(State.parked)
      .reduce<number | undefined>(
        (least, slot) => (least === undefined || sequenceOf(slot) < sequenceOf(least) ? slot : least),
        undefined,
      );
  }
}
