/**
 * Looking again for a moment before going to sleep: waking somebody up takes longer than most waits between two processes
 * at work. Only where it has been paying, and never with a single processor, on which nothing can change meanwhile.
 */

import { availableParallelism } from "node:os";

// Passing an item to somebody who is awake takes a microsecond or so. Somebody who sleeps has to be woken first: 25 to 50 us
// in a virtual machine, less elsewhere. Only a spin that outlasts that meets him awake, and from then on neither sleeps.
const SPIN_US = 20;
const SPIN_US_MAX = 80;
const LOOKS_BETWEEN_CLOCKS = 32;
// After the longest spin in vain, and again, in a row, only one wait in so many tries.
const SKIPPED_MAX = 63;

const isWorthIt = availableParallelism() > 1;

export class Spin {
  #us = SPIN_US;
  #skipped = 0;
  #toSkip = 0;

  /** Whether the word changed from `seen`. Takes 80 us at most. */
  until(words: Int32Array, word: number, seen: number): boolean {
    if (!isWorthIt) return false;
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return false;
    }
    const end = performance.now() + this.#us / 1000;
    do {
      for (let i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) {
        if (Atomics.load(words, word) === seen) continue;
        this.#skipped = 0;
        return true;
      }
    } while (performance.now() < end);
    this.#wasInVain();
    return false;
  }

  #wasInVain(): void {
    if (this.#us < SPIN_US_MAX) {
      this.#us *= 2;
      return;
    }
    this.#skipped = Math.min(SKIPPED_MAX, 2 * this.#skipped + 1);
    this.#toSkip = this.#skipped;
  }
}
