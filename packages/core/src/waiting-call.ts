/** One call on a handle, from its start until it is settled: what stands in a `WaitingLine`. */

import type { Deadline } from "./deadline.js";
import { onAbort } from "./on-abort.js";

/** Why a call that the port has in hand is to end: its caller's reason, or that the handle ends. */
export interface Cancel {
  readonly reason: unknown;
  readonly by: "caller" | "handle";
}

const PENDING = 0;
const FINISHED = 1;
const FAILED = 2;

export abstract class WaitingCall<R> {
  readonly deadline: Deadline;
  /** Kept by the line. */
  next: this | undefined;
  /** Kept by the line. */
  previous: this | undefined;
  /** Kept by the line: whether it is in line at all. */
  isInLine = false;
  /** Kept by the line: part of the port call under way, so that nobody but the port can say what became of it. */
  isUnderWay = false;
  /** Set while it is under way; it is settled once the port has answered. */
  cancel: Cancel | undefined;

  #state: typeof PENDING | typeof FINISHED | typeof FAILED = PENDING;
  #outcome: unknown;
  #resolve: ((value: R) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(deadline: Deadline) {
    this.deadline = deadline;
  }

  get isSettled(): boolean {
    return this.#state !== PENDING;
  }

  /**
   * It waits no longer.
   *
   * @param isKnown - whether the port said, at an instant within this call, that there is no room or no item. Of whoever tries once it did.
   */
  abstract giveUp(isKnown: boolean): void;

  /** Ends it early, with nothing done, or with the part that was done where that is a result of its own. */
  stop(error: unknown): void {
    this.fail(error);
  }

  finish(value: R): void {
    if (this.#state !== PENDING) return;
    this.#settle(FINISHED, value);
    this.#resolve?.(value);
  }

  fail(error: unknown): void {
    if (this.#state !== PENDING) return;
    this.#settle(FAILED, error);
    this.#reject?.(error);
  }

  /** Watches the caller's signal. Only for a call that waits: one that is settled at once needs no listener. */
  listen(cancel: () => void): void {
    const { signal } = this.deadline;
    if (signal === undefined) return;
    // It may be aborted within the port's call, before anybody listened.
    if (signal.aborted) cancel();
    else this.#stopListening = onAbort(signal, cancel);
  }

  /** To be asked for once. A call that is settled already costs no more than a settled promise. */
  result(): Promise<R> {
    if (this.#state === FINISHED) return Promise.resolve(this.#outcome as R);
    if (this.#state === FAILED) return Promise.reject(this.#outcome);
    return new Promise<R>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #settle(state: typeof FINISHED | typeof FAILED, outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#stopListening?.();
  }
}
