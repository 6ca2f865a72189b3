/** All that a history says about one item, with the times between which it was in the buffer. */

import type { HistoryExpectation } from "./expectation.js";
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
  /** Those, and what gave it back. */
  readonly settlements: readonly Operation[];
  /** The hand-out that was its first, where that is certain. */
  readonly firstOut: Operation | undefined;
  /** It may have become a dead letter after this; infinity if it cannot. */
  readonly mayDieAfter: number;
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

/** Somebody put it, as far as is known. */
export function mayBePut({ put }: ItemHistory): boolean {
  return put !== undefined && effectOf(put) !== "no";
}

/** @param expectation - `failuresMax` and `takesInTwoSteps` of it; without them no item becomes a dead letter, and takes are one step. */
export function itemsOf(
  operations: readonly Operation[],
  { failuresMax = Infinity, takesInTwoSteps = false }: Partial<HistoryExpectation> = {},
): ItemHistory[] {
  const byValue = new Map<string, Operation[]>();
  for (const one of operations) {
    if (one.value === undefined) continue;
    const list = byValue.get(one.value);
    if (list === undefined) byValue.set(one.value, [one]);
    else list.push(one);
  }
  // Any item may have been in the hands of a take or lease that never returned; none earlier than the first of these.
  const takes = operations.filter((one) => one.kind === "take" && effectOf(one) === "maybe");
  const leases = operations.filter((one) => one.kind === "lease" && effectOf(one) === "maybe");
  const unseen: Unseen = {
    takenAfter: leastOf(takes, invokedAt),
    handedOutAfter: leastOf([...takes, ...leases], invokedAt),
    // What is handed out, and may fail: a take in one step cannot.
    leases: (takesInTwoSteps ? [...takes, ...leases] : leases).map(invokedAt).sort((a, b) => a - b),
    failuresMax,
  };
  return [...byValue].map(([value, list]) => historyOf(value, list, unseen));
}

/** What may have happened to any item, and nobody could tell. */
interface Unseen {
  readonly takenAfter: number;
  readonly handedOutAfter: number;
  /** When they were asked for, in order. */
  readonly leases: readonly number[];
  readonly failuresMax: number;
}

function historyOf(value: string, list: readonly Operation[], unseen: Unseen): ItemHistory {
  // A put that was refused may have been tried again: what counts is the one that took place, or may have.
  const puts = list.filter((one) => one.kind === "put");
  const maybePut = earliestOf(puts.filter((one) => effectOf(one) === "maybe"));
  const put = puts.find((one) => effectOf(one) === "yes") ?? maybePut ?? puts[0];
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
  const isOnlyOne = unseen.handedOutAfter === Infinity && handOuts.length === 1;
  const firstOut = handOuts.find((one) => one.deliveries === 1) ?? (isOnlyOne ? handOuts[0] : undefined);
  const earliest = Math.min(unseen.handedOutAfter, leastOf(handOuts, invokedAt));
  const firstOutAfter = Math.max(firstOut?.invokedAt ?? earliest, putAfter);
  const removedAfter = leastOf([...removals, ...maybeRemovals], invokedAt);
  const mayDieAfter = diesAfter(handOuts, unseen);
  const leftAfter = removals.length > 0 ? removedAfter : Math.min(removedAfter, unseen.takenAfter);
  return {
    value,
    put,
    handOuts,
    removals,
    maybeRemovals,
    acks,
    settlements: list.filter((one) => one.kind === "ack" || one.kind === "nack" || one.kind === "release"),
    firstOut,
    mayDieAfter,
    putAfter,
    putBefore,
    firstOutAfter,
    firstOutBefore: handOuts[0]?.returnedAt ?? Infinity,
    outAfter: Math.max(Math.min(leftAfter, mayDieAfter), putAfter),
    outBefore: removals.length > 0 ? leastOf(removals, (one) => one.returnedAt) : Infinity,
  };
}

/** No item dies before so many hand-outs, seen and unseen, that each of them may have failed. */
function diesAfter(handOuts: readonly Operation[], { failuresMax, leases }: Unseen): number {
  if (failuresMax > handOuts.length + leases.length) return Infinity;
  const own = handOuts.map(invokedAt).sort((a, b) => a - b);
  let [mine, others, time] = [0, 0, Infinity];
  while (mine + others < failuresMax) {
    const isMine = (own[mine] ?? Infinity) <= (leases[others] ?? Infinity);
    time = (isMine ? own[mine++] : leases[others++]) as number;
  }
  return time;
}

function earliestOf(operations: readonly Operation[]): Operation | undefined {
  const at = leastOf(operations, invokedAt);
  return operations.find((one) => one.invokedAt === at);
}

function invokedAt(operation: Operation): number {
  return operation.invokedAt;
}

function leastOf(operations: readonly Operation[], time: (operation: Operation) => number): number {
  return operations.reduce((least, one) => Math.min(least, time(one)), Infinity);
}
