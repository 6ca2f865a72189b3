/** Asks, waits to be woken, and asks again, until there is an answer or the time is over. */

import { failpoint, type Wait } from "@sluice/core";
import { closed } from "./faults.js";
import type { Handle } from "./handle.js";
import type { Caller } from "./wake-ups.js";

/** What is told to the server with each try. */
export interface Try {
  /** In milliseconds; 0: it does not wait. */
  readonly waitMs: number;
  /** What the token said that woke it; -1 at first. */
  readonly hops: number;
}

/** An answer, or that there is none yet, and when to ask again at the latest. */
export type Tried<T> = { readonly answer: T } | { readonly planMs: number };

/** As the server is told of a wait that nothing ends: its scripts count in integers that a double holds. */
export const FOREVER_MS: number = 2 ** 40;

/** As the server is told at first. */
export function waitMsOf({ maxMs, signal }: Wait): number {
  return signal.aborted ? 0 : inMs(maxMs);
}

function inMs(time: number): number {
  return Math.ceil(Math.min(time, FOREVER_MS));
}

/**
 * @param attempt - one round trip. Where it found nothing it has put the caller into the line.
 * @param giveUp - the answer when the time is over, or the call was aborted.
 */
export async function waitFor<T>(
  handle: Handle,
  caller: Caller,
  wait: Wait,
  attempt: (one: Try) => Promise<Tried<T>>,
  giveUp: (aborted: boolean) => T,
): Promise<T> {
  const until = performance.now() + wait.maxMs;
  let hops = -1;
  let waitMs = waitMsOf(wait);
  for (;;) {
    const tried = await attempt({ waitMs, hops });
    if ("answer" in tried) return tried.answer;
    if (hops < 0) wait.onWait();
    const woken = await handle.wakeUps.wait(caller, tried.planMs, until, wait);
    if (woken.why === "closed") throw closed();
    if (woken.why === "over") return giveUp(wait.signal.aborted);
    failpoint("redis.woken");
    hops = woken.hops;
    // One that looks has a moment left, or its time would have been over.
    waitMs = inMs(Math.max(until - performance.now(), 1));
  }
}
