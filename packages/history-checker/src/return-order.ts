/**
 * What returned items say about the order of the puts: if b was handed out while a was certainly back and ready, then b was put
 * before a. The search would find that out only when it comes to that hand-out, long after it has chosen the order of the puts.
 */

import type { ItemHistory } from "./item-history.js";
import type { Operation } from "./operation.js";

/** So many hand-outs are looked at while an item is ready: an item that waits behind more than that says little. */
const LOOKED_AT_MAX = 64;

/** Pairs of items, by index, of which the first was put before the second, though their puts overlap. */
export function returnOrder(items: readonly ItemHistory[]): (before: number, behind: number) => boolean {
  const handOuts = items
    .flatMap((item, index) => item.handOuts.map((operation) => ({ index, operation })))
    .sort((a, b) => a.operation.invokedAt - b.operation.invokedAt);
  const pairs = new Set<number>();
  for (const [behind, item] of items.entries()) {
    for (const { from, to } of readyAgain(item)) {
      let low = 0;
      for (let high = handOuts.length; low < high; ) {
        const middle = (low + high) >> 1;
        if ((handOuts[middle]?.operation.invokedAt ?? Infinity) > from) high = middle;
        else low = middle + 1;
      }
      for (const { index, operation } of handOuts.slice(low, low + LOOKED_AT_MAX)) {
        if (operation.invokedAt >= to) break;
        if (index === behind || operation.returnedAt >= to) continue;
        if (doPutsOverlap(items[index] as ItemHistory, item)) pairs.add(index * items.length + behind);
      }
    }
  }
  return (before, behind) => pairs.has(before * items.length + behind);
}

/** Between the return of what ended a lease, and the call that was handed the item next. */
function readyAgain({ handOuts, settlements }: ItemHistory): { from: number; to: number }[] {
  const byNumber = new Map<number, Operation>();
  for (const one of handOuts) if (one.deliveries !== undefined) byNumber.set(one.deliveries, one);
  return settlements.flatMap((one) => {
    const isOver = one.outcome === "lost" || (one.kind !== "ack" && one.outcome === "ok");
    const next = byNumber.get((one.deliveries ?? Number.NaN) + 1);
    if (!isOver || next === undefined || one.returnedAt >= next.invokedAt) return [];
    return [{ from: one.returnedAt, to: next.invokedAt }];
  });
}

function doPutsOverlap(a: ItemHistory, b: ItemHistory): boolean {
  return a.putAfter <= b.putBefore && b.putAfter <= a.putBefore;
}
