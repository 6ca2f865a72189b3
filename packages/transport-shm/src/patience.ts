/** Asking again for a lock that somebody alive holds, and saying who it is when that has taken too long. */

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { BufferError, MaybePromise } from "@sluice/core";
import { fault } from "./faults.js";
import type { Participants } from "./participants.js";
import { Word } from "./region-layout.js";

/** A lock is held by somebody alive. */
export const BUSY: unique symbol = Symbol("busy");
export type Busy = typeof BUSY;

// A holder that is running is through within a turn or so of the event loop; then there is no hurry any more.
const TURNS_BEFORE_SLEEP = 16;

export interface PatienceOptions {
  readonly words: Int32Array;
  readonly participants: Participants;
  readonly lockWaitMs: number;
  /** Who holds a lock; 0 for nobody. */
  readonly owner: () => number;
}

export class Patience {
  /** Whether the present attempt may look for longer. */
  isPatient = false;
  readonly #options: PatienceOptions;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Asks until the lock is had, for as long as `lockWaitMs`. */
  untilHad<T>(attempt: () => T | Busy, first: T | Busy): MaybePromise<T> {
    return first === BUSY ? this.#untilHadLater(attempt) : first;
  }

  // Given up only if the buffer has stood still meanwhile: as long as others get on, it is a matter of luck and tries.
  async #untilHadLater<T>(attempt: () => T | Busy): Promise<T> {
    let began = performance.now();
    let progress = this.#progress;
    for (let tries = 0; ; tries++) {
      if (tries < TURNS_BEFORE_SLEEP) await turn();
      else await sleep(1);
      this.isPatient = true;
      try {
        const answer = attempt();
        if (answer !== BUSY) return answer;
      } finally {
        this.isPatient = false;
      }
      const ms = performance.now() - began;
      if (ms < this.#options.lockWaitMs || tries === 0) continue;
      const now = this.#progress;
      if (now === progress) throw this.#busyError(ms);
      progress = now;
      began = performance.now();
    }
  }

  // Changes with every put, hand-out and settlement.
  get #progress(): string {
    const { words } = this.#options;
    const told = [
      Word.produced,
      Word.head,
      Word.removed,
      Word.leased,
      Word.returned,
      Word.lastLease,
      Word.sealed,
    ];
    return told.map((word) => Atomics.load(words, word)).join();
  }

  #busyError(ms: number): BufferError {
    const owner = this.#options.owner();
    const pid = owner === 0 ? "a process" : `process ${this.#options.participants.pidOf(owner)}`;
    const message = `The buffer is held by ${pid}, for ${Math.floor(ms)} ms so far: it is stopped, or very slow`;
    return fault("BUFFER_BUSY", message);
  }
}
