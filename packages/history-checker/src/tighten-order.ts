/**
 * Tier 1b: what first in, first out says about the times of *other* items. If a was certainly put before b, then a was first
 * handed out before b was, and the other way round; so the bounds of the one hold for the other. After the propagation of
 * orders in Bouajjani, Emmi, Enea, Hamza: "On reducing linearizability to state reachability", on intervals.
 */

import { type ItemHistory, mayBePut } from "./item-history.js";

/** Each round carries an order one step further; more than a few change nothing in practice. */
const ROUNDS_MAX = 6;

export interface Tightened {
  /** The same items, with narrower bounds. */
  readonly items: readonly ItemHistory[];
  /** Items for which no time is left: no order fits. Empty where one may. */
  readonly impossible: readonly ItemHistory[];
}

/** @param takesInTwoSteps - a plain take hands out and, later, removes. Default false: at once. */
export function tightenOrder(all: readonly ItemHistory[], takesInTwoSteps: boolean = false): Tightened {
  const items = all.filter(mayBePut);
  const put = { after: times(items, "putAfter"), before: times(items, "putBefore") };
  const out = { after: times(items, "firstOutAfter"), before: times(items, "firstOutBefore") };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const narrowed = [propagate(put, out), propagate(out, put), putBeforeOut(put, out)];
    if (!narrowed.includes(true)) break;
  }
  const tight = new Map<ItemHistory, ItemHistory>();
  const impossible: ItemHistory[] = [];
  items.forEach((item, i) => {
    const narrow = {
      ...item,
      putAfter: at(put.after, i),
      putBefore: at(put.before, i),
      firstOutAfter: at(out.after, i),
      firstOutBefore: at(out.before, i),
      // Whatever leaves has been handed out before.
      outAfter: Math.max(item.outAfter, at(out.after, i)),
      outBefore:
        takesInTwoSteps || !isTakenAtOnce(item)
          ? item.outBefore
          : Math.min(item.outBefore, at(out.before, i)),
    };
    tight.set(item, narrow);
    if (narrow.putAfter > narrow.putBefore || narrow.firstOutAfter > narrow.firstOutBefore) {
      impossible.push(narrow);
    }
  });
  return { items: all.map((item) => tight.get(item) ?? item), impossible };
}

/** A plain take in one step is both: it hands the item out and removes it. */
function isTakenAtOnce({ firstOut, removals }: ItemHistory): boolean {
  return firstOut !== undefined && removals[0] === firstOut;
}

interface Bounds {
  readonly after: Float64Array;
  readonly before: Float64Array;
}

/** Wherever a is certainly before b by `known`, it is by `bounds`. One sweep for each end; whether anything changed. */
function propagate(known: Bounds, bounds: Bounds): boolean {
  const byBefore = indexesBy(known.before);
  const byAfter = indexesBy(known.after);
  const count = byBefore.length;
  let changed = false;
  let latest = -Infinity;
  for (let i = 0, next = 0; i < count; i++) {
    const b = at(byAfter, i);
    for (; next < count && at(known.before, at(byBefore, next)) < at(known.after, b); next++) {
      latest = Math.max(latest, at(bounds.after, at(byBefore, next)));
    }
    if (latest <= at(bounds.after, b)) continue;
    bounds.after[b] = latest;
    changed = true;
  }
  let earliest = Infinity;
  for (let i = count - 1, next = count - 1; i >= 0; i--) {
    const a = at(byBefore, i);
    for (; next >= 0 && at(known.after, at(byAfter, next)) > at(known.before, a); next--) {
      earliest = Math.min(earliest, at(bounds.before, at(byAfter, next)));
    }
    if (earliest >= at(bounds.before, a)) continue;
    bounds.before[a] = earliest;
    changed = true;
  }
  return changed;
}

function putBeforeOut(put: Bounds, out: Bounds): boolean {
  let changed = false;
  for (let i = 0; i < put.after.length; i++) {
    if (at(put.after, i) > at(out.after, i)) {
      out.after[i] = at(put.after, i);
      changed = true;
    }
    if (at(out.before, i) < at(put.before, i)) {
      put.before[i] = at(out.before, i);
      changed = true;
    }
  }
  return changed;
}

function times(
  items: readonly ItemHistory[],
  name: "putAfter" | "putBefore" | "firstOutAfter" | "firstOutBefore",
): Float64Array {
  return Float64Array.from(items, (item) => item[name]);
}

function indexesBy(values: Float64Array): Uint32Array {
  return Uint32Array.from(values.keys()).sort((a, b) => {
    const [x, y] = [at(values, a), at(values, b)];
    return x === y ? 0 : x < y ? -1 : 1;
  });
}

/** An index that is within by construction. */
function at(values: Float64Array | Uint32Array, index: number): number {
  return values[index] as number;
}
