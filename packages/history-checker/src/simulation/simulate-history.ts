/**
 * Histories of simulated processes over a simulated buffer: to test the checker with. Each operation takes place at one instant
 * between its invocation and its return. Processes are killed, their operations may take place later or never, leases expire.
 */

import type { HistoryExpectation } from "../expectation.js";
import type { Operation, OperationKind, Outcome } from "../operation.js";
import type { Random } from "../random.js";
import {
  type Attempt,
  type Fault,
  SimulatedBuffer,
  type SimulatedItem,
  type SimulatedLease,
} from "./simulated-buffer.js";

export interface SimulationOptions {
  readonly capacity: number;
  /** Items have from 1 to 9 bytes then. Without it they have no size. */
  readonly bytesMax?: number;
  readonly producers: number;
  readonly consumers: number;
  readonly items: number;
  /** The share of plain takes among the hand-outs, from 0 to 1. */
  readonly takes: number;
  readonly takesInTwoSteps: boolean;
  readonly kills: number;
  /** The share of operations whose outcome is not known, though their process goes on. */
  readonly unknown: number;
  /** How many instants a lease lasts, if anybody writes it down. Without it, what is leased comes back at any time. */
  readonly leaseTicks?: number;
  /** Whether hand-outs tell their number. */
  readonly isNumbered: boolean;
  readonly failuresMax?: number;
  readonly fault?: Fault;
}

export interface Simulation {
  readonly operations: readonly Operation[];
  readonly expectation: HistoryExpectation;
  /** How often the fault struck: a history without is right. */
  readonly struck: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Pending {
  readonly operation: Mutable<Operation>;
  readonly lease: SimulatedLease | undefined;
  attempt: Attempt | undefined;
}

interface Worker {
  readonly name: string;
  readonly role: "producer" | "consumer";
  readonly held: SimulatedLease[];
  readonly taken: SimulatedItem[];
  pending: Pending | undefined;
  isOver: boolean;
}

/** Of one item. */
const BYTES_MAX = 9;

/** Far more than it takes; a buffer that lost its way would be simulated for ever. */
const STEPS_PER_ITEM = 300;

/** All that can differ, drawn from what the checker is made for. */
export function randomOptions(random: Random): SimulationOptions {
  const takes = random.pick([0, 0, 0.5, 1]);
  const isTimed = random.chance(0.5);
  return {
    capacity: 1 + random.below(4),
    producers: 1 + random.below(4),
    consumers: 1 + random.below(4),
    items: 5 + random.below(25),
    takes,
    kills: random.pick([0, 0, 1, 3]),
    unknown: random.pick([0, 0, 0.02, 0.1]),
    isNumbered: random.chance(0.9),
    ...(isTimed ? { leaseTicks: 5 + random.below(60) } : {}),
    ...(random.chance(0.1) ? { failuresMax: 1 + random.below(3) } : {}),
    takesInTwoSteps: random.chance(0.5),
    ...(random.chance(0.2) ? { bytesMax: BYTES_MAX + random.below(2 * BYTES_MAX) } : {}),
  };
}

export function simulateHistory(random: Random, options: SimulationOptions): Simulation {
  return new SimulatedRun(random, options).run();
}

class SimulatedRun {
  private readonly random: Random;
  private readonly options: SimulationOptions;
  private readonly buffer: SimulatedBuffer;
  private readonly operations: Mutable<Operation>[] = [];
  private readonly workers: Worker[] = [];
  /** Operations of unknown outcome that have not taken place, and still may. */
  private readonly stray: Pending[] = [];
  private time = 0;
  private toPut: number;
  private lateLeft = 3;
  private killsLeft: number;
  private readonly stepsMax: number;

  constructor(random: Random, options: SimulationOptions) {
    this.random = random;
    this.options = options;
    this.toPut = options.items;
    this.killsLeft = options.kills;
    this.stepsMax = 2000 + options.items * STEPS_PER_ITEM;
    this.buffer = new SimulatedBuffer(random, options);
  }

  run(): Simulation {
    for (let i = 0; i < this.options.producers; i++) this.hire("producer");
    for (let i = 0; i < this.options.consumers; i++) this.hire("consumer");
    let steps = 0;
    for (; steps < this.stepsMax && !this.isOver(); steps++) {
      this.time++;
      if (this.random.chance(0.05)) this.expireOne();
      if (this.random.chance(0.02)) this.attemptStray();
      const alive = this.workers.filter((one) => !one.isOver);
      if (alive.length === 0 || alive.every((one) => one.role === "producer")) this.hire("consumer");
      else this.step(this.random.pick(alive));
    }
    const { capacity, takesInTwoSteps, failuresMax, bytesMax } = this.options;
    const isDrained = steps < this.stepsMax;
    const expectation = {
      capacity,
      isDrained,
      takesInTwoSteps,
      ...(failuresMax === undefined ? {} : { failuresMax }),
      ...(bytesMax === undefined ? {} : { bytesMax }),
    };
    return { operations: this.operations, expectation, struck: this.buffer.struck };
  }

  private attemptStray(): void {
    const one = this.stray.shift();
    if (one === undefined) return;
    this.attempt(one);
    // What it was handed may still be confirmed.
    if (one.attempt?.lease?.isInHand === true && this.random.chance(0.5)) this.stray.push(one);
  }

  private isOver(): boolean {
    return this.workers.every((one) => one.isOver) && this.buffer.isSealed && this.buffer.isEmpty;
  }

  private hire(role: Worker["role"]): void {
    const name = `${role}-${this.workers.length + 1}`;
    this.workers.push({ name, role, held: [], taken: [], pending: undefined, isOver: false });
  }

  private step(worker: Worker): void {
    const { pending } = worker;
    if (this.killsLeft > 0 && this.random.chance(0.03)) this.kill(worker);
    else if (pending === undefined) this.beginNext(worker);
    else if (pending.attempt?.outcome !== undefined) this.return(worker, pending);
    else if (this.random.chance(this.options.unknown * 0.2)) this.giveUp(worker, pending);
    else this.attempt(pending);
  }

  private beginNext(worker: Worker): void {
    if (worker.role === "producer") this.beginPut(worker);
    else this.beginConsuming(worker);
  }

  private beginPut(worker: Worker): void {
    const { fault } = this.options;
    const owed = this.buffer.owed.pop();
    const isLate =
      fault === "accepts after the seal" || fault === "hands out a refused put" || this.random.chance(0.3);
    const put = (value: string, bytes = 1 + this.random.below(BYTES_MAX)) =>
      this.begin(worker, "put", { value, ...(this.options.bytesMax === undefined ? {} : { bytes }) });
    if (owed !== undefined) put(owed.value, owed.bytes);
    else if (this.toPut > 0) put(`${worker.name}-${this.toPut--}`);
    else if (!this.buffer.isSealed) this.begin(worker, "seal");
    else if (isLate && this.lateLeft-- > 0) put(`${worker.name}-late-${this.time}`);
    else worker.isOver = true;
  }

  private beginConsuming(worker: Worker): void {
    const { takes, fault, leaseTicks, isNumbered } = this.options;
    const lease = worker.held[0];
    if (lease === undefined || this.random.chance(0.2)) {
      if (this.random.chance(takes)) this.begin(worker, "take");
      else this.begin(worker, "lease", leaseTicks === undefined ? {} : { leaseMs: leaseTicks / 1e6 });
      return;
    }
    const isCurrent = this.buffer.leased.has(lease.token);
    if (isCurrent && (fault === "late ack accepted" || fault === "acks twice") && this.random.chance(0.7))
      return;
    const kind = this.random.chance(0.7) ? "ack" : this.random.pick(["nack", "release"] as const);
    if (fault !== "acks twice" || !isCurrent) worker.held.shift();
    const told = { value: lease.item.value, ...(isNumbered ? { deliveries: lease.nth } : {}) };
    this.begin(worker, kind, told, lease);
  }

  private begin(
    worker: Worker,
    kind: OperationKind,
    told: Partial<Operation> = {},
    lease?: SimulatedLease,
  ): void {
    const operation: Mutable<Operation> = {
      process: worker.name,
      id: this.operations.length + 1,
      kind,
      ...told,
      invokedAt: ++this.time,
      returnedAt: Infinity,
      outcome: undefined,
    };
    this.operations.push(operation);
    worker.pending = { operation, lease, attempt: undefined };
  }

  private attempt(pending: Pending): void {
    const { operation, lease } = pending;
    const { kind, value, process, bytes = 0 } = operation;
    const { leaseTicks } = this.options;
    const inHand = pending.attempt?.lease;
    if (kind === "put") pending.attempt = this.buffer.put(value as string, bytes);
    else if (kind === "seal") pending.attempt = this.buffer.seal();
    else if (kind === "take" && inHand !== undefined) pending.attempt = this.buffer.confirm(inHand);
    else if (kind === "take" || kind === "lease") {
      const isStray = !this.workers.some((one) => one.pending === pending);
      const endsAt = leaseTicks === undefined ? 0 : this.time + leaseTicks;
      const until = kind === "take" ? undefined : endsAt;
      pending.attempt = this.buffer.handOut(isStray ? undefined : process, until);
    } else if (lease !== undefined) pending.attempt = this.buffer.settle(kind, lease);
  }

  private return(worker: Worker, pending: Pending): void {
    const { operation, attempt } = pending;
    worker.pending = undefined;
    operation.returnedAt = ++this.time;
    if (this.random.chance(this.options.unknown)) {
      this.forget(operation, "unknown");
      if (attempt?.lease) this.abandon(attempt.lease);
      return;
    }
    operation.outcome = attempt?.outcome;
    if (attempt?.outcome === "end") worker.isOver = true;
    if (attempt?.item === undefined) return;
    operation.value = attempt.item.value;
    if (attempt.lease === undefined) worker.taken.push(attempt.item);
    else this.hold(worker, attempt.lease, operation);
  }

  /** A time-out or an abort: it did not take place, or nobody knows. */
  private giveUp(worker: Worker, pending: Pending): void {
    worker.pending = undefined;
    pending.operation.returnedAt = ++this.time;
    const inHand = pending.attempt?.lease;
    const isKnown = inHand === undefined && this.random.chance(0.5);
    this.forget(pending.operation, isKnown ? "none" : "unknown");
    if (isKnown) return;
    this.stray.push(pending);
    if (inHand !== undefined) this.abandon(inHand);
  }

  private kill(worker: Worker): void {
    this.killsLeft--;
    worker.isOver = true;
    const { pending } = worker;
    worker.pending = undefined;
    if (pending !== undefined) {
      this.forget(pending.operation, undefined);
      if (pending.attempt?.outcome === undefined) this.stray.push(pending);
      if (pending.attempt?.lease) this.abandon(pending.attempt.lease);
      if (pending.attempt?.lease?.isInHand) this.buffer.dropInHand();
    }
    for (const lease of worker.held) this.abandon(lease);
    const last = worker.taken.at(-1);
    if (last !== undefined) this.buffer.crash(last);
    this.hire(worker.role);
  }

  private hold(worker: Worker, lease: SimulatedLease, operation: Mutable<Operation>): void {
    if (this.options.isNumbered) operation.deliveries = lease.nth;
    else {
      // Without numbers nobody could tell which of two leases it settles.
      const older = worker.held.findIndex((one) => one.item === lease.item);
      if (older >= 0) worker.held.splice(older, 1);
    }
    worker.held.push(lease);
  }

  private forget(operation: Mutable<Operation>, outcome: Outcome | undefined): void {
    operation.outcome = outcome;
    if (operation.kind === "lease") delete (operation as { deliveries?: number }).deliveries;
  }

  /** Nobody holds it any more, but in the buffer's books it is leased. */
  private abandon(lease: SimulatedLease): void {
    if (this.buffer.leased.get(lease.token) !== lease) return;
    this.buffer.leased.set(lease.token, { ...lease, holder: undefined });
  }

  private expireOne(): void {
    const all = [...this.buffer.leased.values()].filter((lease) => {
      const holder = this.workers.find((one) => one.name === lease.holder);
      // One that ended while it held a lease has let go of it.
      return holder?.isOver === true || this.buffer.mayExpire(lease, this.time);
    });
    if (all.length > 0) this.buffer.expire(this.random.pick(all), this.random.below(2));
  }
}
