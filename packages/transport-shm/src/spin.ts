/**
 * Looking again for a moment before going to sleep: waking somebody up takes longer than most waits between two processes
 * at work. Only where it has been paying, and never with a single processor, on which nothing can change meanwhile.
 */

import { availableParallelism } from "node:os";

// Passing an item to somebody who is awake takes a microsecond or so. Somebody who sleeps has to be woken first: 25 to 150 us
// in a virtual machine, less elsewhere. Only a spin that outlasts that meets him awake, and from then on neither sleeps.
const SPIN_US = 20;
const SPIN_US_MAX = 160;
const LOOKS_BETWEEN_CLOCKS = 32;
// Two processes at work, one of whom fell asleep, wait for each other in turns this close together: there it is tried again, but
// not for long.
const AT_WORK_US = 2 * SPIN_US_MAX;
const TRIES_AT_WORK = 64;
// Else, after the longest spin in vain, and again, in a row, only one wait in so many tries.
const SKIPPED_MAX = 63;

const isWorthIt = availableParallelism() > 1;

export class Spin {
  #us = SPIN_US;
  #skipped = 0;
  #toSkip = 0;
  #inVain = 0;
  #lastInVainAt = Number.NEGATIVE_INFINITY;

  /** Whether the word changed from `seen`. Takes 160 us at most. */
  until(words: Int32Array, word: number, seen: number): boolean {
    if (!isWorthIt || this.#isSkipped()) return false;
    // The first looks often do, and need no clock.
    for (let end = 0; ; ) {
      for (let i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) {
        if (Atomics.load(words, word) === seen) continue;
        this.#skipped = 0;
        this.#inVain = 0;
        return true;
      }
      const now = performance.now();
      if (end === 0) end = now + this.#us / 1000;
      else if (now >= end) {
        this.#wasInVain(now);
        return false;
      }
    }
  }

  #isSkipped(): boolean {
    if (this.#toSkip === 0) return false;
    this.#toSkip -= 1;
    const now = performance.now();
    const isAtWork = now - this.#lastInVainAt < AT_WORK_US / 1000;
    this.#lastInVainAt = now;
    return !isAtWork || this.#inVain >= TRIES_AT_WORK;
  }

  #wasInVain(now: number): void {
    this.#lastInVainAt = now;
    this.#inVain += 1;
    if (this.#us < SPIN_US_MAX) {
      this.#us *= 2;
      return;
    }
    this.#skipped = Math.min(SKIPPED_MAX, 2 * this.#skipped + 1);
    this.#toSkip = this.#skipped;
  }
}
