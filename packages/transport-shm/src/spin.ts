/**
 * Looking again for a moment before going to sleep: waking somebody up takes longer than most waits between two processes
 * at work. Only where it has been paying, and never with a single processor, on which nothing can change meanwhile.
 */

import { availableParallelism } from "node:os";

/** About what waking a process up takes. */
const SPIN_US = 20;
const LOOKS_BETWEEN_CLOCKS = 32;
// After so many spins in vain, in a row, only one wait in so many tries again.
const SKIPPED_MAX = 63;

const isWorthIt = availableParallelism() > 1;

export class Spin {
  #skipped = 0;
  #toSkip = 0;

  /** Whether the word changed from `seen`. Takes 20 us at most. */
  until(words: Int32Array, word: number, seen: number): boolean {
    if (!isWorthIt) return false;
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return false;
    }
    const end = performance.now() + SPIN_US / 1000;
    do {
      for (let i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) {
        if (Atomics.load(words, word) === seen) continue;
        this.#skipped = 0;
        return true;
      }
    } while (performance.now() < end);
    this.#skipped = Math.min(SKIPPED_MAX, 2 * this.#skipped + 1);
    this.#toSkip = this.#skipped;
    return false;
  }
}
