/** All that a history says about one item, with the times between which it was in the buffer. */

import { effectOf, type Operation } from "./operation.js";

export interface ItemHistory {
  readonly value: string;
  readonly put: Operation | undefined;
  /** Plain takes and leases that returned it, in the order of their returns. */
  readonly handOuts: readonly Operation[];
  /** Plain takes that returned it, and acks that were accepted: at most one, or something is wrong. */
  readonly removals: readonly Operation[];
  /** Acks of it without a known outcome. */
  readonly maybeRemovals: readonly Operation[];
  readonly acks: readonly Operation[];
  /** It was accepted after this and before that. */
  readonly putAfter: number;
  readonly putBefore: number;
  /** It was first handed out after this and before that. */
  readonly firstOutAfter: number;
  readonly firstOutBefore: number;
  /** It left after this and before that. */
  readonly outAfter: number;
  readonly outBefore: number;
}

export function itemsOf(operations: readonly Operation[]): ItemHistory[] {
  const byValue = new Map<string, Operation[]>();
  for (const one of operations) {
    if (one.value === undefined) continue;
    const list = byValue.get(one.value);
    if (list === undefined) byValue.set(one.value, [one]);
    else list.push(one);
  }
  // Any item may have been in the hands of a take or lease that never returned; none earlier than the first of these.
  const maybeOut = operations.filter(
    (one) => (one.kind === "take" || one.kind === "lease") && effectOf(one) === "maybe",
  );
  const maybeTaken = least(maybeOut.filter((one) => one.kind === "take").map((one) => one.invokedAt));
  const maybeHandedOut = least(maybeOut.map((one) => one.invokedAt));
  return [...byValue].map(([value, list]) => historyOf(value, list, maybeTaken, maybeHandedOut));
}

function historyOf(
  value: string,
  list: readonly Operation[],
  maybeTaken: number,
  maybeHandedOut: number,
): ItemHistory {
  // A put that was refused may have been tried again: what counts is the one that took place, or may have.
  const puts = list.filter((one) => one.kind === "put");
  const put =
    puts.find((one) => effectOf(one) === "yes") ?? puts.find((one) => effectOf(one) === "maybe") ?? puts[0];
  const handOuts = list
    .filter((one) => (one.kind === "take" || one.kind === "lease") && one.outcome === "ok")
    .sort((a, b) => a.returnedAt - b.returnedAt);
  const acks = list.filter((one) => one.kind === "ack");
  const removals = [
    ...handOuts.filter((one) => one.kind === "take"),
    ...acks.filter((one) => one.outcome === "ok"),
  ];
  const maybeRemovals = acks.filter((one) => effectOf(one) === "maybe");
  const putAfter = put?.invokedAt ?? 0;
  // Whoever was handed it proves that it was in by then.
  const putBefore = Math.min(
    put?.outcome === "ok" ? put.returnedAt : Infinity,
    handOuts[0]?.returnedAt ?? Infinity,
  );
  // Of a first hand-out that is not certain, only that it was no earlier than any that may have been it.
  const first =
    handOuts.find((one) => one.deliveries === 1) ??
    (maybeHandedOut === Infinity && handOuts.every((one) => one.kind === "take") ? handOuts[0] : undefined);
  const earliest = Math.min(maybeHandedOut, least(handOuts.map((one) => one.invokedAt)));
  const firstOutAfter = Math.max(first?.invokedAt ?? earliest, putAfter);
  const removedAfter = least([...removals, ...maybeRemovals].map((one) => one.invokedAt));
  return {
    value,
    put,
    handOuts,
    removals,
    maybeRemovals,
    acks,
    putAfter,
    putBefore,
    firstOutAfter,
    firstOutBefore: handOuts[0]?.returnedAt ?? Infinity,
    outAfter: Math.max(removals.length > 0 ? removedAfter : Math.min(removedAfter, maybeTaken), putAfter),
    outBefore: removals.length > 0 ? least(removals.map((one) => one.returnedAt)) : Infinity,
  };
}

function least(times: readonly number[]): number {
  return times.reduce((a, b) => Math.min(a, b), Infinity);
}
