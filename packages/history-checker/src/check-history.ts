/**
 * Judges a history: did a strict bounded buffer, first in, first out, behave like that? First tier of the checker: sound (what
 * it reports is wrong), not complete, O(n log n). After Bouajjani, Emmi, Enea, Mutluergil: "Proving linearizability using
 * forward simulations" and Emmi, Enea: "Sound, complete and tractable linearizability monitoring", with a bound and "full".
 *
 * An item is *certainly inside* from the return of its put to the invocation of what removed it, and *possibly inside* from
 * the invocation of its put to the return of its removal. Two operations that share an instant are concurrent.
 */

import { checkBound, checkFull } from "./check-bound.js";
import { checkLeases } from "./check-leases.js";
import { checkSeal } from "./check-seal.js";
import { type HistoryExpectation, validateExpectation } from "./expectation.js";
import { covers, type Interval, unionOf } from "./intervals.js";
import { type ItemHistory, itemsOf, mayBePut } from "./item-history.js";
import { describeOperation, effectOf, type Operation } from "./operation.js";
import { validateOperations } from "./read-history.js";
import { tightenOrder } from "./tighten-order.js";

/** One promise that the history breaks. */
export interface Violation {
  /** `P1` to `P9` for the buffer, `L1` to `L4` for leases, `S` where the complete search found no order; see the README. */
  readonly property: string;
  /** What was expected of whom, and the operations that show that it was not so. */
  readonly message: string;
}

/**
 * What is certainly wrong in a history, merged from all processes; see the README for the properties. Empty: nothing was found.
 *
 * @throws HistoryError, RangeError for a history or an expectation that cannot be; a name that is not known is refused, too.
 */
export function checkHistory(operations: readonly Operation[], expectation: HistoryExpectation): Violation[] {
  const found = checkProperties(operations, expectation);
  // Where items may come back behind others, their order says nothing.
  if (found.length > 0 || expectation.takesMayReturn === true) return found;
  return checkTightened(itemsOf(operations, expectation), operations, expectation);
}

/** Of the items that show what is wrong. */
const DURING_MAX = 3;

/** Tier 1 alone. */
export function checkProperties(
  operations: readonly Operation[],
  expectation: HistoryExpectation,
): Violation[] {
  validateOperations(operations);
  validateExpectation(expectation, operations);
  const items = itemsOf(operations, expectation);
  return [
    ...checkPhantoms(items),
    ...checkAcceptedTwice(operations),
    ...checkDuplicates(items),
    ...(expectation.isDrained === false ? [] : checkLost(items, operations)),
    ...(expectation.takesMayReturn === true ? [] : checkOrder(items)),
    ...checkTimes(items, operations, expectation),
    ...checkSeal(operations),
    ...checkLeases(items, operations, expectation.handOutsMayRepeat === true),
  ];
}

/** Tier 1b: the same again, with what first in, first out says about the times of other items. */
function checkTightened(
  items: readonly ItemHistory[],
  operations: readonly Operation[],
  expectation: HistoryExpectation,
): Violation[] {
  const tightened = tightenOrder(items, expectation.takesInTwoSteps);
  if (tightened.impossible.length === 0) return checkTimes(tightened.items, operations, expectation);
  return tightened.impossible.slice(0, 3).map((item) => {
    const shown = [item.put, item.handOuts[0]].filter((one) => one !== undefined);
    return violation("P4", `No time is left at which ${item.value} can have been put and come out`, ...shown);
  });
}

function checkTimes(
  items: readonly ItemHistory[],
  operations: readonly Operation[],
  expectation: HistoryExpectation,
): Violation[] {
  return [
    ...checkBound(items, expectation),
    ...checkEmptyAndEnd(items, operations),
    ...checkFull(items, operations, expectation),
  ];
}

/** P1: what comes out was put in, and its put had begun. */
function checkPhantoms(items: readonly ItemHistory[]): Violation[] {
  return items.flatMap((item): Violation[] => {
    const out = item.handOuts[0];
    if (out === undefined) return [];
    if (item.put === undefined) return [violation("P1", `${item.value} was never put`, out)];
    if (effectOf(item.put) === "no") {
      return [violation("P1", `${item.value} came out, although its put was refused`, item.put, out)];
    }
    if (out.returnedAt < item.put.invokedAt) {
      return [violation("P1", `${item.value} came out before its put began`, item.put, out)];
    }
    return [];
  });
}

/** P2: one accepted put for each item: whoever retries is told that it was accepted before, and goes on with the next. */
export function checkAcceptedTwice(operations: readonly Operation[]): Violation[] {
  const accepted = new Map<string | undefined, Operation>();
  return operations.flatMap((one): Violation[] => {
    if (one.kind !== "put" || one.outcome !== "ok") return [];
    const before = accepted.get(one.value);
    accepted.set(one.value, one);
    return before === undefined ? [] : [violation("P2", `${one.value} was accepted twice`, before, one)];
  });
}

/** P2: one plain take, or one accepted ack, for each item. */
function checkDuplicates(items: readonly ItemHistory[]): Violation[] {
  return items
    .filter((item) => item.removals.length > 1)
    .map((item) =>
      violation("P2", `${item.value} was removed ${item.removals.length} times`, ...item.removals),
    );
}

/** P3: an accepted item that nobody has is in the hands of a take that never returned, one for each. */
function checkLost(items: readonly ItemHistory[], operations: readonly Operation[]): Violation[] {
  const missing = items.filter(
    (item) =>
      item.put?.outcome === "ok" &&
      item.removals.length === 0 &&
      item.maybeRemovals.length === 0 &&
      item.mayDieAfter === Infinity,
  );
  const inHands = operations.filter((one) => one.kind === "take" && effectOf(one) === "maybe").length;
  if (missing.length <= inHands) return [];
  const values = missing.map((item) => item.value);
  const shown = values.slice(0, 10).join(", ") + (values.length > 10 ? ", …" : "");
  const hands = `${inHands} plain takes never returned`;
  const puts = missing.slice(0, 3).flatMap((item) => item.put ?? []);
  return [
    violation("P3", `${values.length} accepted items were never taken, and ${hands}: ${shown}`, ...puts),
  ];
}

/** P4: a put before b was called, then b does not come out and return before a is asked for. */
function checkOrder(items: readonly ItemHistory[]): Violation[] {
  const known = items.filter(mayBePut);
  const byPutReturn = known
    .filter((item) => Number.isFinite(item.putBefore))
    .sort((a, b) => a.putBefore - b.putBefore);
  const byPutStart = [...known].sort((a, b) => a.putAfter - b.putAfter);
  const found: Violation[] = [];
  let next = 0;
  let latest: ItemHistory | undefined;
  for (const b of byPutStart) {
    for (; (byPutReturn[next]?.putBefore ?? Infinity) < b.putAfter; next++) {
      const a = byPutReturn[next] as ItemHistory;
      if (latest === undefined || a.firstOutAfter > latest.firstOutAfter) latest = a;
    }
    if (latest === undefined || latest === b) continue;
    if (latest.firstOutAfter > b.firstOutBefore) {
      const shown = [latest.put, b.put, b.handOuts[0], latest.handOuts[0]].filter((one) => one !== undefined);
      found.push(
        violation("P4", `${latest.value} was put before ${b.value}, and came out after it`, ...shown),
      );
    }
  }
  return found;
}

/** P6: "empty" while something was ready all the time. P9: "end" while something was inside, or came out later. */
function checkEmptyAndEnd(items: readonly ItemHistory[], operations: readonly Operation[]): Violation[] {
  const put = acceptedOf(items);
  const ready = unionOf(put.map((item) => ({ from: item.putBefore, to: item.firstOutAfter })));
  const inside = unionOf(put.map(certainlyInside));
  const ends = operations.filter((one) => one.outcome === "end");
  const found: Violation[] = [];
  for (const one of operations) {
    if (one.outcome === "empty" && covers(ready, timeOf(one))) {
      found.push(
        violation(
          "P6",
          "Somebody was told empty, while items were ready all the time",
          one,
          ...during(put, one),
        ),
      );
    }
    if (one.outcome === "end" && covers(inside, timeOf(one))) {
      found.push(
        violation(
          "P9",
          "Somebody was told the end, while items were inside all the time",
          one,
          ...during(put, one),
        ),
      );
    }
  }
  const firstEnd = ends.reduce<Operation | undefined>(
    (a, b) => (a && a.returnedAt <= b.returnedAt ? a : b),
    undefined,
  );
  if (firstEnd === undefined) return found;
  for (const item of items) {
    const late = item.handOuts.find((out) => out.invokedAt > firstEnd.returnedAt);
    if (late)
      found.push(violation("P9", `${item.value} came out after somebody was told the end`, firstEnd, late));
  }
  return found;
}

/** Those that were certainly put: somebody was told so, or was handed them. */
export function acceptedOf(items: readonly ItemHistory[]): ItemHistory[] {
  return items.filter((item) => item.put !== undefined && Number.isFinite(item.putBefore));
}

export function certainlyInside(item: ItemHistory): Interval {
  return { from: item.putBefore, to: item.outAfter };
}

export function timeOf(one: Operation): Interval {
  return { from: one.invokedAt, to: one.returnedAt };
}

/** A few that were there meanwhile. */
function during(items: readonly ItemHistory[], one: Operation): Operation[] {
  const shown: Operation[] = [];
  let count = 0;
  for (const item of items) {
    if (item.putBefore >= one.returnedAt || one.invokedAt >= item.outAfter) continue;
    for (const operation of [item.put, item.handOuts[0]]) if (operation !== undefined) shown.push(operation);
    if (++count === DURING_MAX) break;
  }
  return shown;
}

export function violation(property: string, message: string, ...shown: readonly Operation[]): Violation {
  return {
    property,
    message: [`${property}: ${message}`, ...shown.map((one) => `  ${describeOperation(one)}`)].join("\n"),
  };
}
