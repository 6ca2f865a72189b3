/** What holds of leases on top: tokens fence, deliveries are counted, and nothing comes again after its ack. */

import { type Violation, violation } from "./check-history.js";
import type { ItemHistory } from "./item-history.js";
import { leaseEnds, leaseIndex } from "./lease-ends.js";
import type { Operation } from "./operation.js";

export function checkLeases(items: readonly ItemHistory[], operations: readonly Operation[]): Violation[] {
  return [
    ...items.flatMap((item) => [...checkAfterAck(item), ...checkFencing(item), ...checkDeliveries(item)]),
    ...checkEnds(items, operations),
  ];
}

/** L1: nobody who asks after an accepted ack has returned is handed the item. */
function checkAfterAck(item: ItemHistory): Violation[] {
  const ack = item.acks.find((one) => one.outcome === "ok");
  const late = ack && item.handOuts.find((one) => one.invokedAt > ack.returnedAt);
  return ack && late ? [violation("L1", `${item.value} was handed out again after its ack`, ack, late)] : [];
}

/** L2: once an item has been handed out again, an ack of the earlier hand-out is refused. */
function checkFencing(item: ItemHistory): Violation[] {
  const found: Violation[] = [];
  for (const ack of item.acks) {
    if (ack.outcome !== "ok" || ack.deliveries === undefined) continue;
    const later = item.handOuts.find(
      (one) => (one.deliveries ?? 0) > (ack.deliveries ?? 0) && one.returnedAt < ack.invokedAt,
    );
    if (later === undefined) continue;
    const nth = `delivery ${ack.deliveries} was acked after delivery ${later.deliveries} had been handed out`;
    found.push(violation("L2", `A late ack of ${item.value} was accepted: ${nth}`, later, ack));
  }
  return found;
}

/** L3: each hand-out of an item has its own number, and a later hand-out a larger one. */
function checkDeliveries(item: ItemHistory): Violation[] {
  const leases = item.handOuts.filter((one) => one.kind === "lease" && one.deliveries !== undefined);
  const found: Violation[] = [];
  const seen = new Map<number, Operation>();
  let largest: Operation | undefined;
  const byStart = [...leases].sort((a, b) => a.invokedAt - b.invokedAt);
  let next = 0;
  for (const one of byStart) {
    const number = one.deliveries as number;
    const same = seen.get(number);
    if (same)
      found.push(
        violation("L3", `Two hand-outs of ${item.value} are both its delivery ${number}`, same, one),
      );
    seen.set(number, one);
    for (; (leases[next]?.returnedAt ?? Infinity) < one.invokedAt; next++) {
      const before = leases[next] as Operation;
      if ((before.deliveries as number) > (largest?.deliveries ?? 0)) largest = before;
    }
    if (largest !== undefined && (largest.deliveries as number) > number) {
      found.push(violation("L3", `A later hand-out of ${item.value} has a smaller number`, largest, one));
    }
  }
  return found;
}

/** L4: before its time a lease of a living holder ends by nothing but what the holder does. */
function checkEnds(items: readonly ItemHistory[], operations: readonly Operation[]): Violation[] {
  const mayEndAfter = leaseEnds(operations);
  const indexOf = leaseIndex(operations);
  return items.flatMap(({ value, handOuts, settlements }) => {
    const byStart = [...handOuts].sort((a, b) => a.invokedAt - b.invokedAt);
    return byStart.flatMap((lease, i): Violation[] => {
      const end = lease.kind === "lease" ? mayEndAfter(lease) : -Infinity;
      if (end === -Infinity) return [];
      const own = settlements.filter((one) => operations[indexOf(one)] === lease);
      const isEndedBefore = (time: number, but?: Operation) =>
        own.some((one) => one !== but && one.outcome !== "none" && one.invokedAt <= time);
      const refused = own.find((one) => one.outcome === "lost");
      const next = byStart[i + 1];
      if (refused && refused.returnedAt < end && !isEndedBefore(refused.returnedAt, refused)) {
        return [violation("L4", `The lease of ${value} was lost before its time`, lease, refused)];
      }
      if (
        next &&
        next.invokedAt > lease.returnedAt &&
        next.returnedAt < end &&
        !isEndedBefore(next.returnedAt)
      ) {
        return [violation("L4", `${value} was handed out again before its lease was over`, lease, next)];
      }
      return [];
    });
  });
}
