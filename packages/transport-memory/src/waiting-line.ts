/** Those who wait for one thing (room, an item, the end), in the order in which they came. */

import type { Wait } from "@sluice/core";

/** One registration of a producer or consumer, or a handle itself: whose call it is. */
export interface Participant {
  readonly handle: object;
}

// The longest time that a timer can be set for; a longer wait simply returns early, which a port may.
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Waiter {
  /** Tries once more; false to go on waiting. */
  tryAgain(): boolean;
  fail(error: unknown): void;
  readonly owner: Participant;
}

/** First come, first served: whoever is in front is served first or, while it cannot be, nobody is. */
export class WaitingLine {
  // A set keeps the order of arrival, and lets one in the middle leave.
  readonly #waiters: Set<Waiter> = new Set();
  readonly #onLeave: () => void;

  /** @param onLeave - called when somebody leaves unserved: those behind may have better luck. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until `attempt` has an answer, or until `wait` ends; then the answer is `giveUp(aborted)`.
   * An attempt is a commit: once it answers, the call resolves, whatever its signal does afterwards.
   */
  join<T>(
    owner: Participant,
    wait: Wait,
    attempt: () => T | undefined,
    giveUp: (aborted: boolean) => T,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        wait.signal.removeEventListener("abort", onAbort);
        return this.#waiters.delete(waiter);
      };
      const end = (aborted: boolean) => {
        if (!leave()) return;
        resolve(giveUp(aborted));
        this.#onLeave();
      };
      const onAbort = () => end(true);
      const waiter: Waiter = {
        owner,
        tryAgain() {
          try {
            const answer = attempt();
            if (answer === undefined) return false;
            leave();
            resolve(answer);
          } catch (error) {
            waiter.fail(error);
          }
          return true;
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      const timer = wait.maxMs < TIMER_MS_MAX ? setTimeout(end, wait.maxMs, false) : undefined;
      wait.signal.addEventListener("abort", onAbort);
      this.#waiters.add(waiter);
      wait.onWait();
    });
  }

  /** Serves from the front for as long as it can be done. Whether anybody left. */
  serve(): boolean {
    const before = this.#waiters.size;
    for (const waiter of this.#waiters) if (!waiter.tryAgain()) break;
    return this.#waiters.size < before;
  }

  /** Ends waiting calls: those of some, or everybody's. */
  fail(error: () => unknown, whose: (owner: Participant) => boolean = () => true): void {
    for (const waiter of this.#waiters) if (whose(waiter.owner)) waiter.fail(error());
  }
}
