/**
 * Calls of this process that wait. As long as there are any, it stands in the sets of what they wait for; whoever commits that
 * takes it out and rings. To lose no wake-up: enter the set, look again, and only then sleep.
 */

import type { Wait } from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import { OwnBell } from "./bells.js";
import type { Participants, Registration } from "./participants.js";
import type { Region } from "./region.js";
import { Participant, placeWord, Word } from "./region-layout.js";
import { type WaitSet, WaitSets } from "./wait-sets.js";

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
  readonly sets: WaitSets;
  readonly #options: WaitersOptions;
  readonly #own: OwnBell;
  readonly #waiting = new Set<Waiter>();
  // Those that this handle has entered, whether or not somebody has taken it out since.
  readonly #entered = new Set<WaitSet>();
  readonly #place: number;
  #tick: NodeJS.Timeout | undefined;
  #isServing = false;

  constructor(options: WaitersOptions) {
    const { region, participants, registration } = options;
    this.#options = options;
    this.#place = registration.place;
    const serve = () => this.#serve();
    this.#own = new OwnBell(registration.bell, serve);
    const { words } = region;
    this.sets = new WaitSets({ words, place: registration.place, participants, onOwn: serve });
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

  /** Ends all waits of this handle. */
  endWaits(): void {
    for (const waiter of this.#waiting) waiter.end(true);
    this.#settleDown();
  }

  close(): void {
    this.endWaits();
    this.#own.close();
    this.sets.close();
  }

  // Those of this handle, in the order in which they came.
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    this.sets.noteLook();
    try {
      this.#attemptAll();
      while (this.#waiting.size > 0) {
        const wanted = this.#wanted();
        for (const set of wanted) this.#enter(set);
        // Anything that was committed before the sets were entered is seen now; after that, somebody rings.
        const isAnyServed = this.#attemptAll();
        // Who has found out that it waits for something else enters that set as well.
        if (!isAnyServed && [...this.#wanted()].every((set) => wanted.has(set))) break;
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

  // After any change of who waits: sets, counts, the tick, and what keeps the process alive.
  #settleDown(): void {
    const wanted = this.#wanted();
    for (const set of this.#entered) {
      if (wanted.has(set)) continue;
      this.#entered.delete(set);
      // Woken, and leaving without it, or leaving more behind: then it is the next one's turn.
      if (this.sets.leave(set) && this.#options.hint(set)) this.#passOn(set);
    }
    this.#publishCounts();
    this.#own.keepProcess(this.#waiting.size > 0);
    clearTimeout(this.#tick);
    if (this.#waiting.size > 0) this.#schedule();
  }

  #passOn(set: WaitSet): void {
    if (set === "item" || set === "room") this.sets.wake(set, 1);
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

  #wanted(): Set<WaitSet> {
    return new Set([...this.#waiting].map((waiter) => waiter.set()));
  }

  #publishCounts(): void {
    const { geometry, words } = this.#options.region;
    const at = placeWord(geometry, this.#place);
    let items = 0;
    let room = 0;
    for (const waiter of this.#waiting) {
      const set = waiter.set();
      if (set === "item") items += 1;
      else if (set !== "end") room += 1;
    }
    words[at + Participant.itemWaits] = items;
    words[at + Participant.roomWaits] = room;
  }

  #enter(set: WaitSet): void {
    this.#entered.add(set);
    this.sets.enter(set);
  }
}
