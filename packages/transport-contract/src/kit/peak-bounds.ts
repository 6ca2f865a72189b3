/** What a history says of the peak: how many items were inside at once, at least and at most. */

import type { Operation } from "@sluice/history-checker";

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

/**
 * Of a history in which every put and every removal has returned. An item is surely inside from the return of its put to the
 * call that removes it, and possibly from the call of its put to the return of that one.
 */
function peakBounds(operations: readonly Operation[]): { least: number; most: number } {
  const done = operations.filter(({ outcome, value }) => outcome === "ok" && value !== undefined);
  const removals = new Map(
    done.filter(({ kind }) => kind === "take" || kind === "ack").map((one) => [one.value, one]),
  );
  const surely: [from: number, to: number][] = [];
  const possibly: [from: number, to: number][] = [];
  for (const put of done.filter(({ kind }) => kind === "put")) {
    const removal = removals.get(put.value);
    surely.push([put.returnedAt, removal?.invokedAt ?? Number.POSITIVE_INFINITY]);
    possibly.push([put.invokedAt, removal?.returnedAt ?? Number.POSITIVE_INFINITY]);
  }
  return { least: mostAtOnce(surely), most: mostAtOnce(possibly) };
}

function mostAtOnce(intervals: readonly [from: number, to: number][]): number {
  const edges = intervals
    .filter(([from, to]) => from < to)
    .flatMap(([from, to]) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let count = 0;
  let most = 0;
  for (const { by } of edges) {
    count += by;
    most = Math.max(most, count);
  }
  return most;
}
