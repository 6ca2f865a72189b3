/** How many items a run has: what takes the candidate about a second, or the part of that for which there is time. */

import type { Candidate } from "./candidate.js";
import { ITEM_BYTES_DEFAULT } from "./item.js";
import { BATCH_DEFAULT, type Work } from "./works.js";

/** Fewer would leave a worker without an item. */
export const ITEMS_MIN = 10;
// A candidate's own count is made for items of 64 bytes. Of larger ones a call takes longer, and beyond that all of them are
// copied several times.
const SLOWER_BYTES = 8_192;
const BYTES_MAX = 1e9;
const COPIED_BYTES = 16_384;

// What a run takes beside its items: to start the processes, to open the buffer, and to end them.
const OVERHEAD_S = 0.5;
const PART_MIN = 0.02;

/**
 * @param part - of the items that take about a second; a work that says how many it is has all of them.
 * @param items - instead, where somebody has said so; not more than the work is.
 */
export function countFor(candidate: Candidate, work: Work, part: number, items: number | undefined): number {
  if (work.items !== undefined) return Math.min(work.items, items ?? work.items);
  if (items !== undefined) return items;
  const whole = Math.max(inBatches(candidate, work), candidate.itemCount({ ...work, batch: 1 }));
  const count = work.batch > 1 ? whole : candidate.itemCount(work);
  const { itemBytes } = work;
  const most = BYTES_MAX / itemBytes / (1 + itemBytes / COPIED_BYTES);
  const slower = 1 + Math.max(0, itemBytes - ITEM_BYTES_DEFAULT) / SLOWER_BYTES;
  return Math.max(ITEMS_MIN, Math.ceil(Math.min(count / slower, most) * part));
}

// Its count is made for batches of the default size; smaller ones take longer.
function inBatches(candidate: Candidate, work: Work): number {
  return candidate.itemCount(work) * Math.min(1, work.batch / BATCH_DEFAULT);
}

/** The part of a run's items with which so many runs are done in the time. */
export function partFor(runs: number, budgetS: number): number {
  return Math.min(1, Math.max(PART_MIN, budgetS / Math.max(1, runs) - OVERHEAD_S));
}
