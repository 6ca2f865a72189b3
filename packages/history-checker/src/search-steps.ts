/** Prepares a history for the complete search: each operation as a step, with the times between which it can take place. */

import type { HistoryExpectation } from "./expectation.js";
import { type ItemHistory, itemsOf } from "./item-history.js";
import { leaseEnds, leaseIndex } from "./lease-ends.js";
import { effectOf, type Operation, type OperationKind, type Outcome } from "./operation.js";
import { returnOrder } from "./return-order.js";
import { tightenOrder } from "./tighten-order.js";

export interface Step {
  readonly index: number;
  readonly operation: Operation;
  /** What it does: a take in two steps is a lease that no time ends, and its ack. */
  readonly kind: OperationKind;
  /** `ok` of one that may have taken place. */
  readonly outcome: Outcome;
  /** False: it may have taken place at any instant from `from`, or never. */
  readonly isCertain: boolean;
  /** Of the item, or -1 where it is not known. */
  readonly item: number;
  readonly from: number;
  readonly to: number;
  /** Of a settlement: the index of the lease that it settles, or -1 where nobody saw one. */
  readonly lease: number;
  /** Of a put: when its item is first handed out; puts follow the same order. */
  readonly outAfter: number;
  readonly outBefore: number;
  /** Of a lease, and of a take that nobody saw return: its item may come back by itself from this on. */
  readonly mayEndAfter: number;
}

export interface Steps {
  /** In the order of `from`. */
  readonly steps: readonly Step[];
  readonly values: readonly string[];
  /** By item: how many hand-outs somebody saw. */
  readonly handOuts: Int32Array;
  /** By item: the numbers of those, which no unseen hand-out can have. */
  readonly numbers: readonly ReadonlySet<number>[];
  /** By item: its bytes, as its put says. */
  readonly bytes: readonly number[];
  /** Somebody was told that the buffer is sealed, and nobody saw it being sealed. */
  readonly isSealMissing: boolean;
  /** By item: 1 if something that nobody saw must have removed it, since nothing is inside at the end. */
  readonly isMissing: Uint8Array;
  /** By item: the largest number that somebody saw; all below it must have been given. */
  readonly mostDelivered: Int32Array;
  /** Whether the put of one item certainly went before that of another, by what became of them later. */
  readonly isPutBefore: (before: number, behind: number) => boolean;
  /** Operations without a known outcome that must have taken place to account for what the others saw. */
  readonly unseenMin: number;
}

/** The second step of a take in two. */
export function isConfirmation({ kind, operation }: Pick<Step, "kind" | "operation">): boolean {
  return kind === "ack" && operation.kind === "take";
}

interface Draft {
  readonly operation: Operation;
  readonly kind: OperationKind;
  readonly isCertain: boolean;
  readonly from: number;
  readonly to: number;
}

/** Where nobody wrote down a seal, one may have taken place at any instant. */
const UNSEEN_SEAL: Operation = {
  process: "nobody",
  id: 0,
  kind: "seal",
  invokedAt: -Infinity,
  returnedAt: Infinity,
  outcome: undefined,
};

export function stepsOf(recorded: readonly Operation[], expectation: HistoryExpectation): Steps {
  const isSealed = recorded.some((one) => one.outcome === "end" || one.outcome === "sealed");
  const isSealMissing = isSealed && !recorded.some((one) => one.kind === "seal" && one.outcome === "ok");
  const isSealSeen = !isSealed || recorded.some((one) => one.kind === "seal");
  const operations = isSealSeen ? recorded : [...recorded, UNSEEN_SEAL];
  const isDrained = expectation.isDrained !== false;
  const { takesMayReturn = false, takesInTwoSteps = false } = expectation;
  const raw = itemsOf(operations, expectation);
  const items = takesMayReturn ? raw : tightenOrder(raw, takesInTwoSteps).items;
  const indexOf = new Map(items.map((item, index) => [item.value, index]));
  const unseen = operations.filter((one) => effectOf(one) === "maybe");
  const missing = items.filter(isMissing).length;
  // What leaves no trace need not be searched for: an unseen put without an unseen removal would still be inside at the end.
  const canVanish =
    !isDrained || expectation.failuresMax !== undefined || unseen.some((one) => one.kind === "take");
  const isUseful = (one: Operation): boolean => {
    if (one.kind === "put") return canVanish;
    if (one.kind !== "take") return one.kind === "lease" || one.kind === "ack" || one.kind === "seal";
    return takesMayReturn || takesInTwoSteps || missing > 0 || unseen.some((other) => other.kind === "put");
  };
  const steps: Step[] = [];
  const all = operations.flatMap((operation): Draft[] => {
    const isCertain = isStep(operation, items, indexOf);
    const isPossible =
      effectOf(operation) === "maybe" && isUseful(operation) && !isRetried(operation, items, indexOf);
    if (!isCertain && !isPossible) return [];
    const { from, to } = boundsOf(operation, isCertain, items, indexOf);
    const step = { operation, kind: operation.kind, isCertain, from, to };
    if (!takesInTwoSteps || operation.kind !== "take" || operation.outcome !== "ok") return [step];
    return [
      { ...step, kind: "lease" },
      { ...step, kind: "ack", to: operation.returnedAt },
    ];
  });
  all.sort((a, b) => a.from - b.from);
  const handOuts = new Map<Operation, number>();
  for (const [index, { operation, kind }] of all.entries())
    if (kind === "lease") handOuts.set(operation, index);
  const leases = leaseIndex(all.map((one) => one.operation));
  const mayEndAfter = leaseEnds(operations);
  for (const [index, { operation, kind, isCertain, from, to }] of all.entries()) {
    const item = operation.value === undefined ? -1 : (indexOf.get(operation.value) ?? -1);
    const history = items[item];
    steps.push({
      index,
      operation,
      kind,
      outcome: effectOf(operation) === "maybe" ? "ok" : (operation.outcome as Outcome),
      isCertain,
      item,
      from,
      to,
      lease: isConfirmation({ kind, operation }) ? (handOuts.get(operation) ?? -1) : leases(operation),
      outAfter: history?.firstOutAfter ?? 0,
      outBefore: history?.firstOutBefore ?? Infinity,
      mayEndAfter: operation.kind === "lease" ? mayEndAfter(operation) : isCertain ? Infinity : -Infinity,
    });
  }
  return {
    steps,
    values: items.map((item) => item.value),
    handOuts: Int32Array.from(items, (item) => item.handOuts.length),
    numbers: items.map((item) => new Set(item.handOuts.flatMap((one) => one.deliveries ?? []))),
    bytes: items.map((item) => item.put?.bytes ?? 0),
    isSealMissing,
    isPutBefore: returnOrder(items),
    isMissing: Uint8Array.from(items, (item) => (isDrained && item.removals.length === 0 ? 1 : 0)),
    mostDelivered: Int32Array.from(items, mostDelivered),
    unseenMin:
      (isDrained ? missing : 0) +
      items.reduce((sum, item) => sum + unseenHandOuts(item), 0) +
      (isSealMissing ? 1 : 0),
  };
}

/** Accepted or handed out, and nobody saw it removed. */
function isMissing(item: ItemHistory): boolean {
  return item.removals.length === 0 && Number.isFinite(item.putBefore);
}

function mostDelivered({ handOuts }: ItemHistory): number {
  return handOuts.reduce((largest, one) => Math.max(largest, one.deliveries ?? 0), 0);
}

/** Numbers that are missing below those that somebody saw. */
function unseenHandOuts(item: ItemHistory): number {
  return Math.max(0, mostDelivered(item) - item.handOuts.length);
}

/** It certainly took place, or was answered: an unseen put too, if its item came out. */
function isStep(
  one: Operation,
  items: readonly ItemHistory[],
  indexOf: ReadonlyMap<string, number>,
): boolean {
  if (one.outcome === "none") return false;
  if (effectOf(one) !== "maybe") return true;
  const item = one.kind === "put" ? items[indexOf.get(one.value ?? "") ?? -1] : undefined;
  return item !== undefined && item.put === one && item.handOuts.length > 0;
}

/** An unseen put of an item that another put brought in. */
function isRetried(
  one: Operation,
  items: readonly ItemHistory[],
  indexOf: ReadonlyMap<string, number>,
): boolean {
  if (one.kind !== "put") return false;
  const item = items[indexOf.get(one.value ?? "") ?? -1];
  return item === undefined || item.put !== one;
}

function boundsOf(
  one: Operation,
  isCertain: boolean,
  items: readonly ItemHistory[],
  indexOf: ReadonlyMap<string, number>,
): { from: number; to: number } {
  if (!isCertain) return { from: one.invokedAt, to: Infinity };
  const item = items[indexOf.get(one.value ?? "") ?? -1];
  const wide = { from: one.invokedAt, to: one.returnedAt };
  if (item === undefined) return wide;
  if (one === item.put && effectOf(one) !== "no") return { from: item.putAfter, to: item.putBefore };
  if (one !== item.firstOut) return wide;
  return {
    from: Math.max(wide.from, item.firstOutAfter),
    to: item.handOuts.length === 1 ? Math.min(wide.to, item.firstOutBefore) : wide.to,
  };
}
