/** Waiting in tests: for a condition, or to see that nothing happens. Never for a guessed time. */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "../timing.js";
import { describe, fail, print } from "./expect.js";
import { inTime, LATE } from "./in-time.js";
import { handled } from "./quiet.js";

/** What was waited for when an error came: a rejection from deep within says little of the rule. */
export const awaited: WeakMap<object, string> = new WeakMap();

const PENDING: unique symbol = Symbol("pending");

export interface Waiting {
  /** The promise's outcome, which must come within the signal time. */
  soon<T>(promise: Promise<T> | T, what: string): Promise<T>;
  /** The same, with so many times the signal time. */
  within<T>(promise: Promise<T> | T, signals: number, what: string): Promise<T>;
  /** Looks for the no-signal time whether the promise settles, which it must not. */
  staysPending(promise: Promise<unknown>, what: string): Promise<void>;
  /** Asks again until the condition holds, at most for the signal time. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** Lets the no-signal time pass. */
  pause(): Promise<void>;
  /** One turn of the event loop. */
  turn(): Promise<void>;
}

/**
 * @param over - when the rule is over, which may be while it still waits: whatever of it is left stands still from then on. It
 *   would fail nobody any more, and start what nobody ends. Default: never.
 */
export function waitingWith(timing: Timing, over: AbortSignal = new AbortController().signal): Waiting {
  const settles = async <T>(promise: Promise<T> | T, signals: number, what: string): Promise<T> => {
    if (over.aborted) await forever();
    const limitMs = timing.signalMs * signals;
    try {
      const first = await inTime(Promise.resolve(promise), limitMs);
      return first === LATE
        ? fail(`Expected ${what} to settle, it was still waiting after ${limitMs} ms`)
        : first;
    } catch (error) {
      if (typeof error === "object" && error !== null && !awaited.has(error)) awaited.set(error, what);
      throw error;
    } finally {
      if (over.aborted) await forever();
    }
  };
  return {
    soon: (promise, what) => handled(settles(promise, 1, what)),
    within: (promise, signals, what) => handled(settles(promise, signals, what)),
    async staysPending(promise, what) {
      // Whatever it does later is the caller's business, who holds the promise as well.
      const settled = promise.then(
        (value) => `it resolved with ${print(value)}`,
        (error: unknown) => `it rejected with ${describe(error)}`,
      );
      const first = await Promise.race([settled, sleep(timing.noSignalMs, PENDING)]);
      if (over.aborted) await forever();
      if (first !== PENDING) fail(`Expected ${what} to go on waiting, ${String(first)}`);
    },
    async until(condition, what) {
      const end = performance.now() + timing.signalMs;
      for (let pauseMs = 1; !(await condition()); pauseMs = Math.min(pauseMs * 2, 25)) {
        if (performance.now() > end)
          fail(`Expected that ${what}, this was not so after ${timing.signalMs} ms`);
        await sleep(pauseMs);
        if (over.aborted) await forever();
      }
    },
    async pause() {
      await sleep(timing.noSignalMs);
      if (over.aborted) await forever();
    },
    turn: () => (over.aborted ? forever() : nextTurn()),
  };
}

/** Where what is left of a rule stands still once it is over. */
export function forever(): Promise<never> {
  return new Promise(() => {});
}
