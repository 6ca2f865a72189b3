/** What holds in every snapshot of the counts, whoever takes it. */

import type { BufferCounts } from "@sluice/core";
import { print } from "./expect.js";

const COUNTED = ["ready", "leased", "parked", "dead", "discarded", "produced", "consumed", "peak"] as const;

/** What takes up capacity. */
export function occupied(counts: BufferCounts): number {
  return counts.ready + counts.leased + counts.parked;
}

/** What is wrong with a snapshot; undefined if nothing is. */
export function ledgerFault(
  counts: BufferCounts,
  capacity: number,
  when = "in a snapshot",
): string | undefined {
  for (const name of COUNTED) {
    const isCount = Number.isSafeInteger(counts[name]) && counts[name] >= 0;
    if (!isCount) return `Expected ${name} to be an integer from 0 up ${when}, got ${print(counts)}`;
  }
  const { produced, consumed, ready, leased, parked, dead, discarded } = counts;
  const sum = consumed + ready + leased + parked + dead + discarded;
  if (produced !== sum)
    return `Expected produced to be the sum of where items went ${when}, ${produced} is not ${sum} in ${print(counts)}`;
  if (occupied(counts) > capacity)
    return `Expected at most ${capacity} items inside ${when}, got ${print(counts)}`;
  if (counts.peak > capacity) return `Expected a peak of at most ${capacity} ${when}, got ${counts.peak}`;
  return undefined;
}
