/** How many items were inside at each instant, as far as a history tells: at least so many, and at most so many. */

import { itemsOf, mayBePut, type Operation } from "@sluice/history-checker";

/** From this instant on there are so many, until the next step. */
export interface Step {
  readonly at: number;
  readonly count: number;
}

export interface Occupancy {
  /** Items that certainly were inside: accepted by then, and nobody had asked for them yet. */
  readonly least: readonly Step[];
  /** Items that may have been inside: being put by then, and not yet seen to leave. */
  readonly most: readonly Step[];
}

export function occupancyOf(operations: readonly Operation[]): Occupancy {
  const items = itemsOf(operations).filter(mayBePut);
  return {
    least: stepsOf(
      items
        .filter(({ put }) => put?.outcome === "ok")
        .map((one) => ({ from: one.putBefore, to: one.outAfter })),
    ),
    most: stepsOf(items.map((one) => ({ from: one.putAfter, to: one.outBefore }))),
  };
}

function stepsOf(intervals: readonly { readonly from: number; readonly to: number }[]): Step[] {
  const edges = intervals
    .filter(({ from, to }) => from < to)
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    .filter(({ at }) => Number.isFinite(at))
    // Those that leave at an instant make room for those that come.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  const steps: { at: number; count: number }[] = [{ at: 0, count: 0 }];
  let count = 0;
  for (const { at, by } of edges) {
    count += by;
    const last = steps.at(-1);
    if (last?.at === at) last.count = count;
    else steps.push({ at, count });
  }
  return steps;
}

/** The largest count in each of so many equal parts of a time: what is drawn where steps are closer than pixels. */
export function largestIn(steps: readonly Step[], until: number, parts: number): number[] {
  const largest = new Array<number>(parts).fill(0);
  steps.forEach(({ at, count }, i) => {
    const end = Math.min(steps[i + 1]?.at ?? until, until);
    const last = Math.min(parts - 1, Math.floor((end / until) * parts));
    for (let part = Math.floor((at / until) * parts); part <= last; part++)
      largest[part] = Math.max(largest[part] ?? 0, count);
  });
  return largest;
}
