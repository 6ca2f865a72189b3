/** Whether a buffer's peak fits what a history says of it. */

import { type Operation, peakBounds } from "@sluice/history-checker";

/** Why a peak does not fit the history; undefined if it does. */
export function peakFault(
  peak: number,
  claim: "exact" | "upper-bound" | "lower-bound",
  operations: readonly Operation[],
): string | undefined {
  const { least, most } = peakBounds(operations);
  const isTooLow = claim !== "lower-bound" && peak < least;
  const isTooHigh = claim !== "upper-bound" && peak > most;
  if (!isTooLow && !isTooHigh) return undefined;
  return `Expected a peak, claimed to be ${claim}, that fits the history, in which ${least} to ${most} items were inside at most, got ${peak}`;
}
