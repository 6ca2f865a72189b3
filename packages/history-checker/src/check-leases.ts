/** What holds of leases on top: tokens fence, deliveries are counted, and nothing comes again after its ack. */

import { type Violation, violation } from "./check-history.js";
import { lowerBound } from "./intervals.js";
import type { ItemHistory } from "./item-history.js";
import { leaseEnds, leaseIndex } from "./lease-ends.js";
import { effectOf, type Operation } from "./operation.js";

export function checkLeases(
  items: readonly ItemHistory[],
  operations: readonly Operation[],
  handOutsMayRepeat: boolean,
): Violation[] {
  const indexOf = leaseIndex(operations);
  const leaseOf = new Map<Operation, Operation>();
  for (const item of items) {
    for (const one of item.settlements) {
      const lease = operations[indexOf(one)];
      if (lease !== undefined) leaseOf.set(one, lease);
    }
  }
  const mayEndAfter = leaseEnds(operations);
  const unseen = startsOf(operations.filter(isUnseenHandOut));
  return items.flatMap((item) => [
    ...checkAfterAck(item),
    ...checkFencing(item),
    ...checkSettled(item, leaseOf),
    ...checkDeliveries(item),
    ...(handOutsMayRepeat ? [] : checkNumbers(item, unseen)),
    ...checkEnds(item, mayEndAfter, leaseOf),
  ]);
}

/** L1: nobody who asks after an accepted ack has returned is handed the item. */
function checkAfterAck(item: ItemHistory): Violation[] {
  const ack = item.acks.find((one) => one.outcome === "ok");
  const late = ack && item.handOuts.find((one) => one.invokedAt > ack.returnedAt);
  return ack && late ? [violation("L1", `${item.value} was handed out again after its ack`, ack, late)] : [];
}

/** L2: once an item has been handed out again, a settlement of the earlier hand-out is refused. */
function checkFencing(item: ItemHistory): Violation[] {
  const earliest = earliestAbove(item.handOuts);
  const found: Violation[] = [];
  for (const one of item.settlements) {
    if (one.outcome !== "ok" || one.deliveries === undefined) continue;
    const later = earliest(one.deliveries);
    if (later === undefined || later.returnedAt >= one.invokedAt) continue;
    const nth = `of delivery ${one.deliveries} after delivery ${later.deliveries} had been handed out`;
    found.push(violation("L2", `A late ${one.kind} of ${item.value} was accepted, ${nth}`, later, one));
  }
  return found;
}

/** Finds, of the hand-outs with a larger number, the one that returned first. */
function earliestAbove(handOuts: readonly Operation[]): (deliveries: number) => Operation | undefined {
  const byNumber = handOuts
    .filter((one) => one.deliveries !== undefined)
    .sort((a, b) => (a.deliveries as number) - (b.deliveries as number));
  const first: Operation[] = [];
  for (let i = byNumber.length - 1; i >= 0; i--) {
    const [one, before] = [byNumber[i] as Operation, first[i + 1]];
    first[i] = before === undefined || one.returnedAt < before.returnedAt ? one : before;
  }
  return (deliveries) =>
    first[lowerBound(byNumber.length, (i) => (byNumber[i]?.deliveries as number) <= deliveries)];
}

/** L2: a settlement that counts is of a lease that somebody was handed, and the only one of it. */
function checkSettled(item: ItemHistory, leaseOf: ReadonlyMap<Operation, Operation>): Violation[] {
  const settled = new Map<Operation, Operation>();
  return item.settlements.flatMap((one): Violation[] => {
    if (one.outcome !== "ok") return [];
    const lease = leaseOf.get(one);
    if (lease === undefined || one.returnedAt < lease.invokedAt) {
      return [violation("L2", `${item.value} was settled by somebody who did not have it`, one)];
    }
    const first = settled.get(lease);
    if (first) return [violation("L2", `One lease of ${item.value} was settled twice`, lease, first, one)];
    settled.set(lease, one);
    return [];
  });
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

/** L3: the n-th hand-out comes after n - 1 others, of which somebody saw each, or may have. */
function checkNumbers({ value, handOuts }: ItemHistory, unseen: readonly number[]): Violation[] {
  const starts = startsOf(handOuts);
  return handOuts.flatMap((one): Violation[] => {
    if ((one.deliveries ?? 0) <= 1) return [];
    const begun = (times: readonly number[]) =>
      lowerBound(times.length, (index) => (times[index] as number) <= one.returnedAt);
    const most = begun(starts) + begun(unseen);
    if ((one.deliveries as number) <= most) return [];
    return [violation("L3", `${value} had been handed out at most ${most} times`, one)];
  });
}

/** L4: before its time a lease of a living holder ends by nothing but what the holder does. */
function checkEnds(
  { value, handOuts, settlements }: ItemHistory,
  mayEndAfter: (lease: Operation) => number,
  leaseOf: ReadonlyMap<Operation, Operation>,
): Violation[] {
  const settledBy = new Map<Operation, Operation[]>();
  for (const one of settlements) {
    const lease = leaseOf.get(one);
    if (lease !== undefined) settledBy.set(lease, [...(settledBy.get(lease) ?? []), one]);
  }
  const byStart = [...handOuts].sort((a, b) => a.invokedAt - b.invokedAt);
  return byStart.flatMap((lease, i): Violation[] => {
    const end = lease.kind === "lease" ? mayEndAfter(lease) : -Infinity;
    if (end === -Infinity) return [];
    const own = settledBy.get(lease) ?? [];
    const isEndedBefore = (time: number, but?: Operation) =>
      own.some((one) => one !== but && one.outcome !== "none" && one.invokedAt <= time);
    const refused = own.find((one) => one.outcome === "lost" && one.invokedAt > lease.returnedAt);
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
}

function startsOf(operations: readonly Operation[]): number[] {
  return operations.map((one) => one.invokedAt).sort((a, b) => a - b);
}

function isUnseenHandOut(one: Operation): boolean {
  return (one.kind === "take" || one.kind === "lease") && effectOf(one) === "maybe";
}
