/** How many restarts a group of workers has left. */

import type { CompleteRestart } from "./restart-options.js";

export class RestartBudget {
  readonly #options: CompleteRestart;
  readonly #clock: () => number;
  /** When those were that count, the oldest first. */
  #endings: number[] = [];
  /** Items whose handling has ended a worker more than once: when that was last, and how much the group had consumed by then. */
  readonly #poison = new Map<number, { readonly at: number; readonly consumed: number }>();

  /** @param clock - monotonic, in milliseconds. */
  constructor(options: CompleteRestart, clock: () => number = () => performance.now()) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * A worker ended that is to be started again: after how many milliseconds, or undefined where that would be too often.
   *
   * An item that was in hand now, and in the hand of one that died before, is held to be the cause, and counts on its own: neither this
   * end nor the one before it, which brought the item back, is a restart of the group's budget. `failuresMax` bounds how often one item can
   * do that.
   * More than `max` of such items within the time, or in a longer one in which the group consumed nothing, are no longer a matter of
   * items, and there is no restart: a handler that takes its time before it ends its worker is no better than a quick one.
   *
   * @param suspects - sequences of those items.
   * @param consumed - how many items the group has consumed so far.
   */
  restart(suspects: readonly number[], consumed: number): number | undefined {
    const { max, withinMs, backoffMinMs, backoffMaxMs } = this.#options;
    const now = this.#clock();
    this.#endings = this.#endings.filter((at) => now - at < withinMs);
    for (const [sequence, last] of this.#poison)
      if (now - last.at >= withinMs && consumed > last.consumed) this.#poison.delete(sequence);
    // One end has brought them back, however many they are.
    if (suspects.some((sequence) => !this.#poison.has(sequence))) this.#endings.pop();
    for (const sequence of suspects) this.#poison.set(sequence, { at: now, consumed });
    if (suspects.length > 0) return this.#poison.size > max ? undefined : backoffMinMs;
    if (this.#endings.length >= max) return undefined;
    this.#endings.push(now);
    return Math.min(backoffMaxMs, backoffMinMs * 2 ** (this.#endings.length - 1));
  }
}
