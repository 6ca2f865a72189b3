/** One timer for many deadlines: it is set for the earliest, and whoever owns it sets it again for the next. */

import { now, TIMEOUT_MS_MAX } from "./deadline.js";

export class EarliestTimer {
  readonly #onTime: (at: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** @param onTime - called at or after the earliest time it was set for; the timer is then unset. */
  constructor(onTime: (at: number) => void) {
    this.#onTime = onTime;
  }

  /** @param at - on the clock of `now`; `Infinity` sets nothing. */
  set(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const ms = Math.min(Math.max(1, Math.ceil(at - now())), TIMEOUT_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#onTime(now());
    }, ms);
  }

  clear(): void {
    if (this.#at === Number.POSITIVE_INFINITY) return;
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
