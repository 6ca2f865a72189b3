/**
 * Calls that wait. A bit in the region says that this participant sleeps; whoever commits what it waits for clears the bit and
 * rings. To lose no wake-up: set the bit, look again, and only then sleep.
 */

import type { Wait } from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import { OtherBells, OwnBell } from "./bells.js";
import type { Participants, Registration } from "./participants.js";
import type { Region } from "./region.js";
import { Participant, placeWord, Word } from "./region-layout.js";

/** What is waited for: an item, room for one more item, room in bytes, the end. */
export type WaitSet = "item" | "room" | "bytes" | "end";

const FIRST_WORD = {
  item: Word.waitForItem,
  room: Word.waitForRoom,
  bytes: Word.waitForBytes,
  end: Word.waitForEnd,
} as const;
const SETS = ["item", "room", "bytes", "end"] as const;

/** For wakes that went to the stopped or the dying, and for the death of those who hold leases: nobody announces that. */
const SAFETY_MS = 250;
// A lock that is held at the moment is asked for again.
const BUSY_MS = 1;
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface Attempt<T> {
  /** Undefined if it has to wait on. */
  readonly attempt: () => T | undefined;
  /** The answer when the wait is over without one. */
  readonly giveUp: (isAborted: boolean) => T;
  /** What it waits for after an attempt in vain. */
  readonly set: () => WaitSet;
}

interface Waiter {
  readonly set: () => WaitSet;
  /** Whether it is settled now. */
  tryAgain(): boolean;
  end(isAborted: boolean): void;
}

export interface WaitersOptions {
  readonly region: Region;
  readonly participants: Participants;
  readonly registration: Registration;
  /** Ends leases whose time is over or whose holder is dead. */
  readonly tend: () => void;
  /** Whether there is something to be had for those who wait in this set. */
  readonly hint: (set: WaitSet) => boolean;
  /** Whether an attempt since this was last asked met a lock that was held. */
  readonly wasBusy: () => boolean;
}

export class Waiters {
  readonly #options: WaitersOptions;
  readonly #words: Int32Array;
  readonly #own: OwnBell;
  readonly #others: OtherBells;
  readonly #waiting = new Set<Waiter>();
  // Whose bits this handle has set, whether or not somebody has cleared them since.
  readonly #armed = new Set<WaitSet>();
  readonly #place: number;
  #tick: NodeJS.Timeout | undefined;
  #isServing = false;

  constructor(options: WaitersOptions) {
    const { region, participants, registration } = options;
    this.#options = options;
    this.#words = region.words;
    this.#place = registration.place;
    this.#own = new OwnBell(registration.bell, () => this.#serve());
    this.#others = new OtherBells(participants);
    // What an earlier participant of this place left.
    for (const set of SETS) this.#disarm(set);
    this.#mark(Word.wokenSet, this.#place, false);
  }

  /** Waits until an attempt has an answer or the wait is over. One attempt was made already, in vain. */
  wait<T>({ attempt, giveUp, set }: Attempt<T>, wait: Wait): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        wait.signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        set,
        tryAgain: () => {
          try {
            const answer = attempt();
            if (answer === undefined) return false;
            leave();
            resolve(answer);
          } catch (error) {
            leave();
            reject(error);
          }
          return true;
        },
        end: (isAborted) => {
          leave();
          try {
            resolve(giveUp(isAborted));
          } catch (error) {
            reject(error);
          }
        },
      };
      const end = (isAborted: boolean) => {
        if (!this.#waiting.has(waiter)) return;
        waiter.end(isAborted);
        this.#settleDown();
      };
      const onAbort = () => end(true);
      const timer = wait.maxMs < TIMER_MS_MAX ? setTimeout(end, wait.maxMs, false) : undefined;
      wait.signal.addEventListener("abort", onAbort);
      this.#waiting.add(waiter);
      this.#serve();
      if (this.#waiting.has(waiter)) wait.onWait();
    });
  }

  /** Wakes as many of those who wait as can be served. */
  wake(set: "item" | "room", count: number): void {
    if (this.#isEmpty(set)) return;
    const woken = set === "item" ? Word.wokenForItem : Word.wokenForRoom;
    const used = this.#words[Word.placesUsed] as number;
    let place = this.#words[woken] as number;
    let left = count;
    for (let i = 0; i < used && left > 0; i++) {
      place = place >= used ? 1 : place + 1;
      if (!this.#isArmed(set, place) || !this.#wakeOne(set, place)) continue;
      // Next time the search begins behind it: everybody has a turn.
      this.#words[woken] = place;
      left -= 1;
    }
  }

  wakeAll(set: WaitSet): void {
    if (this.#isEmpty(set)) return;
    for (let place = 1; place <= (this.#words[Word.placesUsed] as number); place++) {
      if (this.#isArmed(set, place)) this.#wakeOne(set, place);
    }
  }

  /** Ends all waits of this handle. */
  endWaits(): void {
    for (const waiter of this.#waiting) waiter.end(true);
    this.#settleDown();
  }

  /**
   * How many others were woken for an item and have not looked yet. Where no more items are ready than that, whoever comes just
   * now lets them go first; were one of them dead or stopped, the item would still be there a turn later.
   */
  get woken(): number {
    const last = Word.wokenSet + ((this.#words[Word.placesUsed] as number) >> 5);
    let count = 0;
    for (let word = Word.wokenSet; word <= last; word++) {
      for (let bits = Atomics.load(this.#words, word); bits !== 0; bits &= bits - 1) count += 1;
    }
    return count;
  }

  close(): void {
    this.endWaits();
    this.#own.close();
    this.#others.close();
  }

  // Those of this handle, in the order in which they came.
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    this.#mark(Word.wokenSet, this.#place, false);
    try {
      this.#attemptAll();
      while (this.#waiting.size > 0) {
        for (const set of this.#sets()) this.#arm(set);
        // Anything that was committed before the bits were set is seen now; after that, somebody rings.
        if (!this.#attemptAll()) break;
      }
    } finally {
      this.#isServing = false;
    }
    this.#settleDown();
  }

  #attemptAll(): boolean {
    const blocked = new Set<WaitSet>();
    let isAnyServed = false;
    for (const waiter of this.#waiting) {
      if (blocked.has(waiter.set())) continue;
      if (waiter.tryAgain()) isAnyServed = true;
      else blocked.add(waiter.set());
    }
    return isAnyServed;
  }

  // After any change of who waits: bits, counts, the tick, and what keeps the process alive.
  #settleDown(): void {
    const sets = this.#sets();
    for (const set of this.#armed) {
      if (sets.has(set)) continue;
      this.#armed.delete(set);
      // Woken, and leaving without it, or leaving more behind: then it is the next one's turn.
      if (this.#disarm(set) && this.#options.hint(set)) this.#passOn(set);
    }
    this.#publishCounts();
    this.#own.keepProcess(this.#waiting.size > 0);
    clearTimeout(this.#tick);
    if (this.#waiting.size > 0) this.#schedule();
  }

  #passOn(set: WaitSet): void {
    if (set === "item" || set === "room") this.wake(set, 1);
  }

  #schedule(): void {
    const { region, wasBusy, tend } = this.#options;
    const end = region.floats[Word.nextEnd / 2] as number;
    const delay = wasBusy() ? BUSY_MS : Math.min(SAFETY_MS, Math.max(1, end - monotonicMs()));
    this.#tick = setTimeout(() => {
      tend();
      this.#serve();
    }, delay);
  }

  #sets(): Set<WaitSet> {
    return new Set([...this.#waiting].map((waiter) => waiter.set()));
  }

  #publishCounts(): void {
    const at = placeWord(this.#options.region.geometry, this.#place);
    let items = 0;
    let room = 0;
    for (const waiter of this.#waiting) {
      const set = waiter.set();
      if (set === "item") items += 1;
      else if (set !== "end") room += 1;
    }
    this.#words[at + Participant.itemWaits] = items;
    this.#words[at + Participant.roomWaits] = room;
  }

  #isEmpty(set: WaitSet): boolean {
    const first = FIRST_WORD[set];
    const last = first + ((this.#words[Word.placesUsed] as number) >> 5);
    for (let word = first; word <= last; word++) if (Atomics.load(this.#words, word) !== 0) return false;
    return true;
  }

  #isArmed(set: WaitSet, place: number): boolean {
    return (Atomics.load(this.#words, FIRST_WORD[set] + (place >> 5)) & (1 << (place & 31))) !== 0;
  }

  // One who clears the bit rings, and nobody else. Whether it was this one, and somebody heard.
  #wakeOne(set: WaitSet, place: number): boolean {
    if (!this.#mark(FIRST_WORD[set], place, false)) return false;
    if (place === this.#place) {
      queueMicrotask(() => this.#serve());
      return true;
    }
    if (set === "item") this.#mark(Word.wokenSet, place, true);
    if (this.#others.ring(place)) return true;
    this.#mark(Word.wokenSet, place, false);
    return false;
  }

  #arm(set: WaitSet): void {
    this.#armed.add(set);
    this.#mark(FIRST_WORD[set], this.#place, true);
  }

  // Whether somebody had cleared it already.
  #disarm(set: WaitSet): boolean {
    return !this.#mark(FIRST_WORD[set], this.#place, false);
  }

  // Sets or clears the bit of a place. Whether it was set before.
  #mark(first: number, place: number, isSet: boolean): boolean {
    const word = first + (place >> 5);
    const bit = 1 << (place & 31);
    const before = isSet ? Atomics.or(this.#words, word, bit) : Atomics.and(this.#words, word, ~bit);
    return (before & bit) !== 0;
  }
}
