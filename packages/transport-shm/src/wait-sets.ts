/**
 * The sets of waiting participants in the region, one bit each, and the waking of those who are in them. Whoever clears a bit
 * rings, and nobody else.
 */

import { OtherBells } from "./bells.js";
import type { Participants } from "./participants.js";
import { placesUsed, Word } from "./region-layout.js";

/** What is waited for: an item, room for one more item, room in bytes, the end. */
export const WAIT_SETS = ["item", "room", "bytes", "end"] as const;
export type WaitSet = (typeof WAIT_SETS)[number];

const FIRST_WORD = {
  item: Word.waitForItem,
  room: Word.waitForRoom,
  bytes: Word.waitForBytes,
  end: Word.waitForEnd,
} as const;

// Whoever was woken has looked long before this, or is stopped or dead, and is forgotten.
const WOKEN_MS_MAX = 250;

export interface WaitSetsOptions {
  readonly words: Int32Array;
  /** The place of this participant. */
  readonly place: number;
  readonly participants: Participants;
  /** This participant itself was woken, by its own call. */
  readonly onOwn: () => void;
}

export class WaitSets {
  readonly #words: Int32Array;
  readonly #place: number;
  readonly #others: OtherBells;
  readonly #onOwn: () => void;

  // Since when there has been somebody each time that this handle asked.
  #wokenSince = Number.POSITIVE_INFINITY;

  constructor({ words, place, participants, onOwn }: WaitSetsOptions) {
    this.#words = words;
    this.#place = place;
    this.#others = new OtherBells(participants);
    this.#onOwn = onOwn;
    // What an earlier participant of this place left.
    for (const set of WAIT_SETS) this.leave(set);
    this.noteLook();
  }

  enter(set: WaitSet): void {
    this.#mark(FIRST_WORD[set], this.#place, true);
  }

  /** Whether somebody had cleared the bit already, to wake this participant. */
  leave(set: WaitSet): boolean {
    return !this.#mark(FIRST_WORD[set], this.#place, false);
  }

  /** Wakes as many of those who wait as can be served. */
  wake(set: "item" | "room", count: number): void {
    if (this.#isEmpty(set)) return;
    const woken = set === "item" ? Word.wokenForItem : Word.wokenForRoom;
    const used = placesUsed(this.#words);
    let place = this.#words[woken] as number;
    // Anything else leads out of the set.
    if (place < 0) place = 0;
    let left = count;
    for (let i = 0; i < used && left > 0; i++) {
      place = place >= used ? 1 : place + 1;
      if (!this.#isIn(set, place) || !this.#wakeOne(set, place)) continue;
      // Next time the search begins behind it: everybody has a turn.
      this.#words[woken] = place;
      left -= 1;
    }
  }

  wakeAll(set: WaitSet): void {
    if (this.#isEmpty(set)) return;
    for (let place = 1; place <= placesUsed(this.#words); place++) {
      if (this.#isIn(set, place)) this.#wakeOne(set, place);
    }
  }

  /**
   * How many others were woken for an item and have not looked yet. Where no more items are ready than that, whoever comes just
   * now lets them go first; were one of them dead or stopped, the item would still be there a turn later.
   */
  get woken(): number {
    const last = Word.wokenSet + (placesUsed(this.#words) >> 5);
    let count = 0;
    for (let word = Word.wokenSet; word <= last; word++) {
      for (let bits = Atomics.load(this.#words, word); bits !== 0; bits &= bits - 1) count += 1;
    }
    if (count === 0) this.#wokenSince = Number.POSITIVE_INFINITY;
    else if (performance.now() - this.#wokenSince > WOKEN_MS_MAX) {
      this.#wokenSince = Number.POSITIVE_INFINITY;
      for (let word = Word.wokenSet; word <= last; word++) Atomics.store(this.#words, word, 0);
    } else this.#wokenSince = Math.min(this.#wokenSince, performance.now());
    return count;
  }

  /** This participant looks now, should it have been woken. */
  noteLook(): void {
    this.#mark(Word.wokenSet, this.#place, false);
  }

  close(): void {
    this.#others.close();
  }

  #isEmpty(set: WaitSet): boolean {
    const first = FIRST_WORD[set];
    const last = first + (placesUsed(this.#words) >> 5);
    for (let word = first; word <= last; word++) if (Atomics.load(this.#words, word) !== 0) return false;
    return true;
  }

  #isIn(set: WaitSet, place: number): boolean {
    return (Atomics.load(this.#words, FIRST_WORD[set] + (place >> 5)) & (1 << (place & 31))) !== 0;
  }

  // Whether it was this one who cleared the bit, and somebody heard.
  #wakeOne(set: WaitSet, place: number): boolean {
    if (!this.#mark(FIRST_WORD[set], place, false)) return false;
    if (place === this.#place) {
      queueMicrotask(this.#onOwn);
      return true;
    }
    if (set === "item") this.#mark(Word.wokenSet, place, true);
    if (this.#others.ring(place)) return true;
    this.#mark(Word.wokenSet, place, false);
    return false;
  }

  // Sets or clears the bit of a place. Whether it was set before.
  #mark(first: number, place: number, isSet: boolean): boolean {
    const word = first + (place >> 5);
    const bit = 1 << (place & 31);
    const before = isSet ? Atomics.or(this.#words, word, bit) : Atomics.and(this.#words, word, ~bit);
    return (before & bit) !== 0;
  }
}
