/** How long each step takes: random within a range, and the same again for the same seed. */

import { setTimeout as delay } from "node:timers/promises";
import type { Range } from "./args.js";

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
  const random = mulberry32(seed * 1000 + worker);
  return () => min + Math.floor(random() * (max - min + 1));
}

/** Numbers in [0, 1). Mulberry32 by Tommy Ettinger, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
