/** How long each step takes: random within a range, and the same again for the same seed. */

import { setTimeout as delay } from "node:timers/promises";
import type { Range } from "./args.js";
import { randomOf } from "./random.js";

/** Waits for the next step's time; rejects when the signal is aborted. Returns at once where the range is 0. */
export type Pace = (signal: AbortSignal) => Promise<void>;

/** @param worker - each worker has its own row of times. */
export function paceOf(range: Range, seed: number, worker: number): Pace {
  const next = delaysOf(range, seed, worker);
  return async (signal) => {
    if (range.max > 0) await delay(next(), undefined, { signal });
  };
}

/** The times themselves, in milliseconds. */
export function delaysOf({ min, max }: Range, seed: number, worker: number): () => number {
  const random = randomOf(seed, worker);
  return () => min + Math.floor(random() * (max - min + 1));
}
