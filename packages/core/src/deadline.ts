/** How long a call may wait: one deadline on the monotonic clock, computed once, and the caller's AbortSignal. */

import { outOfRange, wrongType } from "./errors.js";

/** The longest time that a timer of Node can be set for, and so the longest finite `timeoutMs`. */
export const TIMEOUT_MS_MAX: number = 2 ** 31 - 1;

/** How long a call waits. */
export interface WaitOptions {
  /**
   * Longest wait in milliseconds of monotonic time, from 0 to 2^31 - 1. 0 tries once; omitted or `Infinity` waits for ever.
   * When it has passed, the call rejects `WAIT_TIMED_OUT`, and nothing has happened.
   */
  readonly timeoutMs?: number | undefined;
  /** Aborts the call. It then rejects with `signal.reason`, and nothing has happened; if it was done already, it resolves. */
  readonly signal?: AbortSignal | undefined;
}

/** Now, on the clock of all deadlines: milliseconds that never jump. */
export function now(): number {
  return performance.now();
}

/** The checked options of a call, with the deadline that follows from them. */
export interface Deadline {
  /** On the clock of `now`; `Infinity` for none. */
  readonly at: number;
  /** Whether the call is to try once: `timeoutMs` is 0. */
  readonly isTry: boolean;
  readonly signal: AbortSignal | undefined;
}

export const NO_DEADLINE: Deadline = { at: Number.POSITIVE_INFINITY, isTry: false, signal: undefined };
export const TRY_ONCE: Deadline = { at: Number.POSITIVE_INFINITY, isTry: true, signal: undefined };

/** @throws TypeError, RangeError `INVALID_ARGUMENT`; the signal's own reason where it is aborted already. */
export function deadlineFrom(options: WaitOptions | undefined): Deadline {
  if (options === undefined) return NO_DEADLINE;
  const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
  if (typeof timeoutMs !== "number") throw wrongType("`timeoutMs`", "a number", timeoutMs);
  const isInRange = timeoutMs >= 0 && timeoutMs <= TIMEOUT_MS_MAX;
  if (!isInRange && timeoutMs !== Number.POSITIVE_INFINITY) {
    throw outOfRange("`timeoutMs`", `a number from 0 to ${TIMEOUT_MS_MAX}, or Infinity`, timeoutMs);
  }
  if (signal !== undefined) {
    if (!isAbortSignal(signal)) throw wrongType("`signal`", "an AbortSignal", signal);
    signal.throwIfAborted();
  }
  // A call that tries once is bounded by its one try, not by the clock.
  if (timeoutMs === 0) return { at: Number.POSITIVE_INFINITY, isTry: true, signal };
  if (signal === undefined && timeoutMs === Number.POSITIVE_INFINITY) return NO_DEADLINE;
  return { at: timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : now() + timeoutMs, isTry: false, signal };
}

/** Ends after a time, or as soon as the signal is aborted; never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, TIMEOUT_MS_MAX));
    signal.addEventListener("abort", end);
  });
}

// By its face, so that a signal of another realm is one too.
function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as AbortSignal).aborted === "boolean" &&
    typeof (value as AbortSignal).addEventListener === "function"
  );
}
