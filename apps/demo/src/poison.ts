/** Which items make their consumer fail each time. */

import { POISON_ROW, randomOf } from "./random.js";

/** What producer `index`, from 0, calls its item `n`, from 1. */
export function itemName(index: number, n: number): string {
  return `P${index + 1}-${n}`;
}

/**
 * So many different ones among all items, each as likely as another. By Floyd's algorithm (Bentley, Programming Pearls: a sample of
 * brilliance, 1987), which needs no list of all.
 *
 * @param items - how many each producer makes.
 */
export function poisonAmong(items: readonly number[], count: number, seed: number): string[] {
  const random = randomOf(seed, POISON_ROW);
  const total = items.reduce((sum, n) => sum + n, 0);
  const chosen = new Set<number>();
  for (let last = total - count; last < total; last++) {
    const one = Math.floor(random() * (last + 1));
    chosen.add(chosen.has(one) ? last : one);
  }
  return [...chosen].sort((a, b) => a - b).map((place) => nameAt(items, place));
}

/** @param place - among all items, the first producer's first, from 0. */
function nameAt(items: readonly number[], place: number): string {
  let before = 0;
  const index = items.findIndex((n) => {
    if (place < before + n) return true;
    before += n;
    return false;
  });
  return itemName(index, place - before + 1);
}
