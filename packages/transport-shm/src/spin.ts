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
// Two processes at work, one of whom fell asleep, wait for each other in turns this close together: there it is tried again.
const AT_WORK_MS = 0.32;
// The processor time that a wake-up costs, and a spin that was not in vain has saved. What spins cost beyond that is debt; it is
// forgotten when so many in a row were shorter. Above the maximum spinning has not been paying: somebody is merely slow.
const WAKE_UP_MS = 0.02;
const SHORT_IN_A_ROW = 3;
const DEBT_MS_MAX = 10;
// After the longest spin in vain, and again, in a row, only one wait in so many tries.
const SKIPPED_MAX = 63;
// All spins of this process in one turn of its event loop: timers and sockets are not kept waiting longer.
const TURN_MS_MAX = 2;

const isWorthIt = availableParallelism() > 1;

let spunThisTurnMs = 0;
const onTurn = (): void => {
  spunThisTurnMs = 0;
};

function note(spunMs: number): void {
  if (spunThisTurnMs === 0) setImmediate(onTurn).unref();
  spunThisTurnMs += spunMs;
}

export class Spin {
  #us = SPIN_US;
  #skipped = 0;
  #toSkip = 0;
  #debtMs = 0;
  #shortInARow = 0;
  #lastWaitAt = Number.NEGATIVE_INFINITY;

  /** Whether the word changed from `seen`. Takes 160 us at most. */
  until(words: Int32Array, word: number, seen: number): boolean {
    if (!isWorthIt || spunThisTurnMs > TURN_MS_MAX || this.#isSkipped()) return false;
    // The first looks often do, and need no clock.
    if (hasChanged(words, word, seen)) {
      this.#wasNotInVain(0);
      return true;
    }
    const start = performance.now();
    for (;;) {
      const isChanged = hasChanged(words, word, seen);
      const now = performance.now();
      const spunMs = now - start;
      if (!isChanged && spunMs < this.#us / 1000) continue;
      note(spunMs);
      if (isChanged) this.#wasNotInVain(spunMs);
      else this.#wasInVain(now, spunMs);
      return isChanged;
    }
  }

  #isSkipped(): boolean {
    if (this.#toSkip === 0) return false;
    this.#toSkip -= 1;
    const now = performance.now();
    const isAtWork = now - this.#lastWaitAt < AT_WORK_MS;
    this.#lastWaitAt = now;
    return !isAtWork || this.#debtMs > DEBT_MS_MAX;
  }

  #wasNotInVain(spunMs: number): void {
    this.#shortInARow = spunMs <= WAKE_UP_MS ? this.#shortInARow + 1 : 0;
    this.#debtMs = this.#shortInARow >= SHORT_IN_A_ROW ? 0 : Math.max(0, this.#debtMs + spunMs - WAKE_UP_MS);
    if (this.#debtMs > DEBT_MS_MAX) this.#skipMore();
    else this.#skipped = 0;
  }

  #wasInVain(now: number, spunMs: number): void {
    this.#lastWaitAt = now;
    this.#shortInARow = 0;
    this.#debtMs += spunMs;
    if (this.#us < SPIN_US_MAX) this.#us *= 2;
    else this.#skipMore();
  }

  #skipMore(): void {
    this.#skipped = Math.min(SKIPPED_MAX, 2 * this.#skipped + 1);
    this.#toSkip = this.#skipped;
  }
}

function hasChanged(words: Int32Array, word: number, seen: number): boolean {
  for (let i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) if (Atomics.load(words, word) !== seen) return true;
  return false;
}
