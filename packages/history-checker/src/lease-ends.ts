/** Which lease a settlement settles, and when what is leased may come back by itself. */

import { effectOf, type Operation } from "./operation.js";

/** Finds for a settlement the lease that it settles: by its number, or the last that its process had been handed before. */
export function leaseIndex(operations: readonly Operation[]): (settlement: Operation) => number {
  const byNumber = new Map<string, number>();
  const byProcess = new Map<string, number[]>();
  const begun = (index: number) => (operations[index] as Operation).invokedAt;
  for (const [index, { kind, outcome, value, deliveries, process }] of operations.entries()) {
    if (kind !== "lease" || outcome !== "ok") continue;
    const key = `${deliveries} ${value}`;
    const same = byNumber.get(key);
    if (deliveries !== undefined && (same === undefined || begun(index) > begun(same)))
      byNumber.set(key, index);
    const own = byProcess.get(`${process} ${value}`);
    if (own === undefined) byProcess.set(`${process} ${value}`, [index]);
    else own.push(index);
  }
  for (const own of byProcess.values()) own.sort((a, b) => begun(a) - begun(b));
  return ({ kind, value, deliveries, process, invokedAt }) => {
    if (kind !== "ack" && kind !== "nack" && kind !== "release") return -1;
    const numbered = deliveries === undefined ? undefined : byNumber.get(`${deliveries} ${value}`);
    if (numbered !== undefined) return numbered;
    const last = (byProcess.get(`${process} ${value}`) ?? []).findLast((index) => {
      const lease = operations[index] as Operation;
      const isOther = deliveries !== undefined && lease.deliveries !== undefined;
      return !isOther && lease.returnedAt <= invokedAt;
    });
    return last ?? -1;
  };
}

/** When what a lease holds may come back by itself: after its time, or when its holder is gone or may have given it back. */
export function leaseEnds(operations: readonly Operation[]): (lease: Operation) => number {
  const lastOf = new Map<string, number>();
  /** By item: when the first that nobody saw return may have given it back. */
  const returns = new Map<string, number>();
  for (const one of operations) {
    const last = Number.isFinite(one.returnedAt) ? one.returnedAt : one.invokedAt;
    lastOf.set(one.process, Math.max(lastOf.get(one.process) ?? -Infinity, last));
    if ((one.kind === "nack" || one.kind === "release") && effectOf(one) === "maybe") {
      returns.set(one.value ?? "", Math.min(returns.get(one.value ?? "") ?? Infinity, one.invokedAt));
    }
  }
  return (lease) => {
    const expiry =
      lease.outcome !== "ok" || lease.leaseMs === undefined
        ? -Infinity
        : lease.invokedAt + lease.leaseMs * 1e6;
    const given = returns.get(lease.value ?? "") ?? Infinity;
    return Math.min(expiry, lastOf.get(lease.process) ?? -Infinity, given);
  };
}
