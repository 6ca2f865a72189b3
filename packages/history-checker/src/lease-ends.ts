/** Which lease a settlement settles, and when what is leased may come back by itself. */

import { effectOf, type Operation } from "./operation.js";

/** Finds for a settlement the lease that it settles: by its number, or the last that its process had been handed before. */
export function leaseIndex(operations: readonly Operation[]): (settlement: Operation) => number {
  const byValue = new Map<string, number[]>();
  for (const [index, one] of operations.entries()) {
    if (one.kind !== "lease" || one.outcome !== "ok" || one.value === undefined) continue;
    const list = byValue.get(one.value);
    if (list === undefined) byValue.set(one.value, [index]);
    else list.push(index);
  }
  return ({ kind, value, deliveries, process, invokedAt }) => {
    if (kind !== "ack" && kind !== "nack" && kind !== "release") return -1;
    const own = (byValue.get(value ?? "") ?? []).filter((index) => {
      const lease = operations[index] as Operation;
      if (deliveries !== undefined && lease.deliveries !== undefined) return lease.deliveries === deliveries;
      return lease.process === process && lease.returnedAt <= invokedAt;
    });
    const begun = (index: number) => (operations[index] as Operation).invokedAt;
    return own.reduce((last, index) => (last < 0 || begun(index) > begun(last) ? index : last), -1);
  };
}

/** When what a lease holds may come back by itself: after its time, or when its holder is gone or may have given it back. */
export function leaseEnds(operations: readonly Operation[]): (lease: Operation) => number {
  const lastOf = new Map<string, number>();
  const returns = new Map<string, Operation[]>();
  for (const one of operations) {
    const last = Number.isFinite(one.returnedAt) ? one.returnedAt : one.invokedAt;
    lastOf.set(one.process, Math.max(lastOf.get(one.process) ?? -Infinity, last));
    if ((one.kind === "nack" || one.kind === "release") && effectOf(one) === "maybe") {
      returns.set(one.value ?? "", [...(returns.get(one.value ?? "") ?? []), one]);
    }
  }
  return (lease) => {
    const expiry =
      lease.outcome !== "ok" || lease.leaseMs === undefined
        ? -Infinity
        : lease.invokedAt + lease.leaseMs * 1e6;
    const given = (returns.get(lease.value ?? "") ?? []).map((one) => one.invokedAt);
    return Math.min(expiry, lastOf.get(lease.process) ?? -Infinity, ...given);
  };
}
