/** A promise that may never settle: its outcome, or that it did not come in time. */

import { setTimeout as sleep } from "node:timers/promises";

export const LATE: unique symbol = Symbol("late");

/** The longest that a timer can be set for: Node takes more for one millisecond. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;

/** Rejects as the promise does. What it does after its time is nobody's business. */
export async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | typeof LATE> {
  const clock = new AbortController();
  // With much effort a rule may have longer than that.
  const late = sleep(Math.min(ms, TIMER_MS_MAX), LATE, { signal: clock.signal }).catch(
    (): typeof LATE => LATE,
  );
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clock.abort();
  }
}
