/** Asking again for a lock that somebody alive holds, and saying who it is when that has taken too long. */

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { BufferError, MaybePromise } from "@sluice/core";
import { fault } from "./faults.js";
import type { OwnerLock } from "./owner-lock.js";
import type { Participants } from "./participants.js";

/** A lock is held by somebody alive. */
export const BUSY: unique symbol = Symbol("busy");
export type Busy = typeof BUSY;

// A holder that is running is through within a turn or so of the event loop; then there is no hurry any more.
const TURNS_BEFORE_SLEEP = 16;
// A process that stood still itself has seen nothing: no judgement on fewer looks, where there is time for them.
const TRIES_BEFORE_JUDGING = 32;

export interface PatienceOptions {
  readonly participants: Participants;
  readonly lockWaitMs: number;
  /** Which lock the last attempt did not have. */
  readonly missed: () => OwnerLock;
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

  // Given up only if that lock's side has stood still meanwhile: as long as others get on, it is a matter of luck and tries.
  async #untilHadLater<T>(attempt: () => T | Busy): Promise<T> {
    let began = performance.now();
    let { missed, progress } = this.#state;
    const { lockWaitMs } = this.#options;
    const triesMin = Math.max(1, Math.min(TRIES_BEFORE_JUDGING, lockWaitMs));
    let firstTry = 0;
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
      if (ms < lockWaitMs || tries - firstTry < triesMin) continue;
      const now = this.#state;
      if (now.missed === missed && now.progress === progress) throw this.busyError(ms);
      ({ missed, progress } = now);
      began = performance.now();
      firstTry = tries;
    }
  }

  get #state(): { missed: OwnerLock; progress: string } {
    const missed = this.#options.missed();
    return { missed, progress: missed.progress };
  }

  /** What is said of a lock that could not be had for so long. */
  busyError(ms: number): BufferError {
    const { owner } = this.#options.missed();
    const pid = owner === 0 ? "a process" : `process ${this.#options.participants.pidOf(owner)}`;
    const message = `The buffer is held by ${pid}, for ${Math.floor(ms)} ms so far: it is stopped, or very slow`;
    return fault("BUFFER_BUSY", message);
  }
}
