/** What a buffer is, as plain arrays; and workers whose every answer is compared with it. */

import type { LeaseToken } from "@sluice/core";
import { expect } from "vitest";
import { noWait, now, toValue, type Worker } from "./ports.js";

export class ArrayModel {
  readonly capacity: number;
  readonly ready: number[] = [];
  leased = 0;
  produced = 0;
  consumed = 0;
  peak = 0;
  sealed = false;
  #next = 1;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Values that were never used before. */
  fresh(count: number): number[] {
    return Array.from({ length: count }, () => this.#next++);
  }

  put(values: readonly number[]): number {
    const room = this.sealed ? 0 : this.capacity - this.ready.length - this.leased;
    const accepted = values.slice(0, room);
    this.ready.push(...accepted);
    this.produced += accepted.length;
    this.peak = Math.max(this.peak, this.ready.length + this.leased);
    return accepted.length;
  }

  take(max: number): number[] {
    const taken = this.ready.splice(0, max);
    this.consumed += taken.length;
    return taken;
  }

  lease(max: number): number[] {
    const leased = this.ready.splice(0, max);
    this.leased += leased.length;
    return leased;
  }

  ack(count: number): void {
    this.leased -= count;
    this.consumed += count;
  }

  /** Everything that the buffer counts is what it is here, and what it still holds comes out in this order. */
  expectSame(worker: Worker): void {
    const { ready, leased, parked, dead, discarded, produced, consumed, peak, sealed } = worker.counts();
    const empty = { parked: 0, dead: 0, discarded: 0 };
    expect({ ready, leased, parked, dead, discarded, produced, consumed, peak, sealed }).toEqual({
      ...{ ready: this.ready.length, leased: this.leased, produced: this.produced, consumed: this.consumed },
      ...{ peak: this.peak, sealed: this.sealed, ...empty },
    });
    expect(peak).toBeLessThanOrEqual(this.capacity);
    expect(worker.take(this.capacity)).toEqual(this.take(this.capacity));
  }
}

/**
 * Does the same to the model and to the buffer, and compares. The model comes first: where the operation is interrupted
 * after its commit, by a cut of the log, whoever acts then comes after it.
 */
export class Checked {
  readonly worker: Worker;
  readonly model: ArrayModel;

  constructor(worker: Worker, model: ArrayModel) {
    this.worker = worker;
    this.model = model;
  }

  put(count: number): void {
    const values = this.model.fresh(count);
    const accepted = this.model.put(values);
    expect(this.worker.put(...values)).toBe(accepted);
  }

  take(max: number): void {
    const taken = this.model.take(max);
    expect(this.worker.take(max)).toEqual(taken);
  }

  lease(max: number): LeaseToken[] {
    const leased = this.model.lease(max);
    const { deliveries } = now(this.worker.consumer.poll(max, noWait, { leaseMs: 600_000 }));
    expect(deliveries.map(({ item }) => toValue(item))).toEqual(leased);
    return deliveries.map(({ token }) => token as LeaseToken);
  }

  ack(tokens: readonly LeaseToken[]): void {
    this.model.ack(tokens.length);
    const settled = now(this.worker.consumer.settle(tokens.map((token) => ({ kind: "ack", token }))));
    expect(settled).toEqual(tokens.map(() => "settled"));
  }
}

/** About this many commits by these workers in turn, with answers of all kinds: full, empty, part of what was asked for. */
export function work(workers: readonly Checked[], commits: number): void {
  for (let i = 0; i < commits; i++) {
    const worker = workers[i % workers.length] as Checked;
    const many = 1 + (i % 3);
    if (i % 7 === 3) worker.ack(worker.lease(many));
    else if (i % 2 === 0) worker.put(many);
    else worker.take(many);
  }
}
