/** Chance that a seed decides: the same seed gives the same numbers. */

// Each use has its own row of numbers: workers the first thousand, by their place in the crew.
const ROWS = 1000;

/** What beside the workers' pace is left to chance. */
export const KILLS_ROW = 990;
export const POISON_ROW = 991;

/** Numbers in [0, 1) of this row. */
export function randomOf(seed: number, row: number): () => number {
  return mulberry32(seed * ROWS + row);
}

/** Mulberry32 by Tommy Ettinger, public domain. */
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
