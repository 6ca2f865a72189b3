/** Questions about many intervals of time at once, each answered in O(n log n). */

export interface Interval {
  readonly from: number;
  readonly to: number;
  /** What it counts for. Default 1. */
  readonly weight?: number;
}

/** The instant at which most of the open intervals overlap, by weight, and how much that is. */
export function mostOverlap(intervals: readonly Interval[]): { readonly at: number; readonly count: number } {
  const edges = intervals
    .filter(({ from, to }) => from < to)
    .flatMap(({ from, to, weight = 1 }) => [
      { at: from, by: weight },
      { at: to, by: -weight },
    ])
    // At one instant those that end go first: they do not overlap with those that begin.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let count = 0;
  let most = { at: 0, count: 0 };
  for (const { at, by } of edges) {
    count += by;
    if (count > most.count) most = { at, count };
  }
  return most;
}

/** The union of open intervals, as disjoint ones in order; two that only touch stay apart. */
export function unionOf(intervals: readonly Interval[]): Interval[] {
  const union: { from: number; to: number }[] = [];
  for (const { from, to } of [...intervals].filter((i) => i.from < i.to).sort((a, b) => a.from - b.from)) {
    const last = union.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else union.push({ from, to });
  }
  return union;
}

/** Whether one interval of a union contains all of a closed interval. */
export function covers(union: readonly Interval[], { from, to }: Interval): boolean {
  // The last that begins before it is the only one that can.
  const before = union[lowerBound(union.length, (index) => (union[index] as Interval).from < from) - 1];
  return before !== undefined && before.from < from && to < before.to;
}

/** Answers how many of the closed intervals overlap at most, by weight, at any instant of a closed one. */
export function overlapWithin(intervals: readonly Interval[]): (range: Interval) => number {
  const times = [...new Set(intervals.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  // Slot 2i is the instant times[i], slot 2i + 1 the open gap behind it: within a slot the count is constant.
  const slotOf = (time: number): number => {
    const index = lowerBound(times.length, (i) => (times[i] as number) < time);
    return times[index] === time ? 2 * index : 2 * index - 1;
  };
  const change = new Array<number>(2 * times.length + 1).fill(0);
  for (const { from, to, weight = 1 } of intervals) {
    const first = slotOf(from);
    const behind = slotOf(to) + 1;
    change[first] = (change[first] ?? 0) + weight;
    change[behind] = (change[behind] ?? 0) - weight;
  }
  let sum = 0;
  const counts = change.map((by) => {
    sum += by;
    return sum;
  });
  // Sparse table: level k holds the maximum of each 2^k neighbours.
  const levels = [counts];
  for (let width = 1; width * 2 <= counts.length; width *= 2) {
    const below = levels.at(-1) as number[];
    levels.push(
      below.slice(0, below.length - width).map((count, i) => Math.max(count, below[i + width] ?? 0)),
    );
  }
  return ({ from, to }) => {
    const first = Math.max(slotOf(from), 0);
    const last = Math.min(slotOf(to), counts.length - 1);
    if (first > last) return 0;
    const level = Math.floor(Math.log2(last - first + 1));
    const row = levels[level] as number[];
    return Math.max(row[first] ?? 0, row[last - 2 ** level + 1] ?? 0);
  };
}

/** The first index that is not below; those below come first. */
export function lowerBound(length: number, isBelow: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
