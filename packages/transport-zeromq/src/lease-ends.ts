/** When leases and delays end by time alone: whoever asks next sees it, but whoever waits is to be asked again, and what has ended forgotten. */

import type { LeaseToken } from "@sluice/core";
import type { Session } from "./session.js";
import { TIMER_MS_MAX } from "./timing.js";

/** How often leases are looked at of which only the store knows when they end. */
const LOOK_MS = 500;

export class LeaseEnds {
  /** Given by an earlier broker. */
  readonly #inherited: Set<LeaseToken> = new Set();
  /** Nothing ends before. */
  #next = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** A lease, or a delay. */
  lease(until: number): void {
    if (until < this.#next) this.#next = until;
  }

  inherit(token: LeaseToken): void {
    this.#inherited.add(token);
    this.lease(performance.now() + LOOK_MS);
  }

  get hasInherited(): boolean {
    return this.#inherited.size > 0;
  }

  /** Of the inherited ones these are open. */
  keep(open: ReadonlySet<LeaseToken>): void {
    for (const token of this.#inherited) if (!open.has(token)) this.#inherited.delete(token);
  }

  /** Calls back once something has ended. To be called whenever something may end sooner than before. */
  watch(onEnd: () => void): void {
    if (this.#next >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = this.#next;
    const delay = Math.min(TIMER_MS_MAX, Math.max(0, this.#next - performance.now()) + 1);
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      onEnd();
    }, delay);
  }

  /** Forgets what has ended, and looks for what ends next. @param delayMs - until the next delay has passed, if there is one. */
  refresh(sessions: Iterable<Session>, delayMs: number | undefined): void {
    const now = performance.now();
    this.#next = Number.POSITIVE_INFINITY;
    if (delayMs !== undefined) this.lease(now + delayMs);
    if (this.hasInherited) this.lease(now + LOOK_MS);
    for (const { leases } of sessions) {
      for (const [token, { until }] of leases) {
        if (until <= now) leases.delete(token);
        else this.lease(until);
      }
    }
  }

  /** Stops its timer. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
