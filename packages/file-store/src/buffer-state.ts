/**
 * The buffer as its commits tell it. Every handle keeps one of these in memory and applies the commits of all processes
 * to it, in order; nothing else changes it. It decides nothing that depends on who is asking or on the clock.
 */

import { type BufferError, type BufferSpec, isBufferError } from "@sluice/core";
import type { Faults } from "./faults.js";
import { type Fallen, type Item, type Leased, NEVER, type ProducerRecord } from "./item.js";
import type { Act, Operation, Participant } from "./operation.js";
import { SequenceList } from "./sequence-list.js";

export class BufferState {
  readonly spec: BufferSpec;
  produced = 0;
  consumed = 0;
  discarded = 0;
  peak = 0;
  sealed = false;
  discarding = false;
  destroyed = false;
  lastSequence = 0;
  /** Bytes of the ready, leased and parked items. */
  bytes = 0;
  ready: SequenceList<Item> = new SequenceList();
  leased: Map<string, Leased> = new Map();
  parked: SequenceList<Fallen> = new SequenceList();
  dead: SequenceList<Fallen> = new SequenceList();
  producers: Map<string, ProducerRecord> = new Map();
  participants: Map<string, Participant> = new Map();
  // No lease or delay ends before it: spares looking at every lease at every call. May be too early, never too late.
  #nextEnd = Number.POSITIVE_INFINITY;
  readonly #faults: Faults;

  constructor(spec: BufferSpec, faults: Faults) {
    this.spec = spec;
    this.#faults = faults;
  }

  get occupied(): number {
    return this.ready.size + this.leased.size + this.parked.size;
  }

  get isDrained(): boolean {
    return this.sealed && this.ready.size === 0 && this.leased.size === 0;
  }

  /** When the next lease or delay ends, or later; never later than it does. */
  get nextEnd(): number {
    return this.#nextEnd;
  }

  /**
   * Applies one commit: its number, which handle made it and as which one of its own, and what it says.
   * What cannot be applied proves that the log is damaged: `DATA_CORRUPT`.
   *
   * @param kept - the bytes of the items that it puts, where there is no log from which they could be read. They are kept.
   */
  apply(
    commit: number,
    handle: string,
    turn: number,
    operations: readonly Operation[],
    kept?: readonly Uint8Array[],
  ): void {
    try {
      for (const operation of operations) this.#applyOne(commit, operation, kept);
    } catch (error) {
      // A part of an operation is missing, or is not what it should be.
      throw isBufferError(error) ? error : this.#impossible("cannot be understood", error);
    }
    const participant = this.participants.get(handle);
    if (participant === undefined) return;
    participant.lastTurn = turn;
    for (const { op } of operations) {
      if (op === "put") participant.lastPut = commit;
      else if (op === "take" || op === "lease") participant.lastTake = commit;
    }
  }

  #applyOne(commit: number, operation: Operation, kept?: readonly Uint8Array[]): void {
    switch (operation.op) {
      case "join":
        this.participants.set(operation.handle, { ...operation.identity, lastTurn: 0 });
        return;
      case "leave":
        this.#forget(operation.handle, (item) => this.#giveBack(item));
        return;
      case "gone":
        this.#forget(operation.handle, (item) => this.#fail(item, "holder died"));
        return;
      case "producer": {
        const last = this.producers.get(operation.id)?.last ?? 0;
        const { handle, named } = operation;
        this.producers.set(operation.id, { epoch: commit, handle, named, last });
        this.#participant(handle).lastPut ??= 0;
        return;
      }
      case "retire":
        this.producers.delete(operation.id);
        return;
      case "consumer":
        this.#participant(operation.handle).lastTake ??= 0;
        return;
      case "put":
        this.#put(commit, operation, kept);
        return;
      case "take":
        for (const item of this.#takeReady(operation.from, operation.count)) {
          this.consumed += 1;
          this.bytes -= item.length;
        }
        return;
      case "lease":
        for (const [index, item] of this.#takeReady(operation.from, operation.count).entries()) {
          const { handle, until } = operation;
          this.leased.set(leaseToken(commit, index), { item, handle, until });
        }
        this.#nextEnd = Math.min(this.#nextEnd, operation.until);
        return;
      case "settle":
        for (const act of operation.acts) this.#settle(act);
        return;
      case "expire":
        this.#expire(operation.at);
        return;
      case "seal":
        this.sealed = true;
        if (operation.discard) this.#discardAll();
        return;
      case "requeue":
        this.#requeue(operation.sequence);
        return;
      case "remove":
        if (this.dead.remove(operation.sequence) === undefined)
          throw this.#impossible("removes a dead letter that is not there");
        this.discarded += 1;
        this.#promoteParked();
        return;
      case "destroy":
        this.destroyed = true;
        return;
      default:
        throw this.#impossible(
          `has an unknown operation ${JSON.stringify((operation as { op: unknown }).op)}`,
        );
    }
  }

  #participant(handle: string): Participant {
    const participant = this.participants.get(handle);
    if (participant === undefined) throw this.#impossible("is by somebody who has not joined");
    return participant;
  }

  #put(commit: number, put: Extract<Operation, { op: "put" }>, kept?: readonly Uint8Array[]): void {
    const producer = this.producers.get(put.id);
    if (producer === undefined || put.first !== producer.last + 1)
      throw this.#impossible("puts out of its producer's order");
    let offset = 0;
    for (const [index, length] of put.lengths.entries()) {
      this.lastSequence += 1;
      const sum = put.sums[index] ?? 0;
      const envelopeLength = put.envelopes?.[index] ?? 0;
      if (!(envelopeLength >= 0 && envelopeLength <= length))
        throw this.#impossible("puts an envelope that is longer than it can be");
      this.ready.insert({
        sequence: this.lastSequence,
        commit,
        offset,
        length,
        sum,
        envelopeLength,
        deliveries: 0,
        failures: 0,
        bytes: kept?.[index],
      });
      offset += length;
    }
    producer.last += put.lengths.length;
    this.produced += put.lengths.length;
    this.bytes += offset;
    this.#notePeak();
  }

  #takeReady(from: number, count: number): Item[] {
    if (this.ready.first?.sequence !== from || this.ready.size < count)
      throw this.#impossible("takes items that are not ready");
    const items = this.ready.shiftAll(count);
    for (const item of items) item.deliveries += 1;
    return items;
  }

  #settle(act: Act): void {
    const leased = this.leased.get(act.token);
    if (leased === undefined) throw this.#impossible("settles a lease that is not open");
    if (act.kind === "extend") {
      leased.until = act.until;
      this.#nextEnd = Math.min(this.#nextEnd, act.until);
      return;
    }
    this.leased.delete(act.token);
    const { item } = leased;
    if (act.kind === "ack") {
      this.consumed += 1;
      this.bytes -= item.length;
    } else if (act.kind === "release") this.#giveBack(item);
    else if (act.kind === "bury") this.#bury(item, act.reason);
    else this.#fail(item, act.reason, act);
  }

  #expire(at: number): void {
    const ended = [...this.leased].filter(([, leased]) => leased.until <= at);
    for (const [token, { item, handle }] of ended) {
      this.leased.delete(token);
      if (handle === undefined) this.#giveBack(item);
      else this.#fail(item, "lease expired");
    }
    this.refreshNextEnd();
  }

  /** Every item the buffer holds, dead letters included. */
  *items(): Generator<Item> {
    yield* this.ready;
    for (const { item } of this.leased.values()) yield item;
    for (const { item } of this.parked) yield item;
    for (const { item } of this.dead) yield item;
  }

  /**
   * The machine was started again: nobody who held a lease is there any more, and its clock began anew. What no time ends
   * is ended by its handle, or because that is dead.
   */
  endTimedLeases(): void {
    for (const leased of this.leased.values()) if (leased.until !== NEVER) leased.until = 0;
    this.refreshNextEnd();
  }

  /** To be called after the leases were set or changed from outside. */
  refreshNextEnd(): void {
    this.#nextEnd = Number.POSITIVE_INFINITY;
    for (const { until } of this.leased.values()) this.#nextEnd = Math.min(this.#nextEnd, until);
  }

  #forget(handle: string, giveUp: (item: Item) => void): void {
    this.participants.delete(handle);
    for (const [token, leased] of this.leased) {
      if (leased.handle !== handle) continue;
      this.leased.delete(token);
      giveUp(leased.item);
    }
    for (const [id, producer] of this.producers) {
      if (producer.handle === handle && !producer.named) this.producers.delete(id);
    }
  }

  #fail(item: Item, reason: string, nack?: { token: string; until: number }): void {
    item.failures += 1;
    if (item.failures >= this.spec.failuresMax) this.#bury(item, reason);
    else if (nack !== undefined && nack.until > 0) {
      // Its old token names it until the delay has passed; nobody can settle by it, because no handle holds it.
      this.leased.set(nack.token, { item, handle: undefined, until: nack.until });
      this.#nextEnd = Math.min(this.#nextEnd, nack.until);
    } else this.#giveBack(item);
  }

  #giveBack(item: Item): void {
    if (this.discarding) this.#discard(item);
    else this.ready.insert(item);
  }

  #bury(item: Item, reason: string): void {
    const fallen = { sequence: item.sequence, item, reason };
    if (this.dead.size < this.spec.deadLettersMax) {
      this.dead.insert(fallen);
      this.bytes -= item.length;
    } else if (this.discarding) this.#discard(item);
    else this.parked.insert(fallen);
  }

  #promoteParked(): void {
    while (this.parked.size > 0 && this.dead.size < this.spec.deadLettersMax) {
      const fallen = this.parked.shift() as Fallen;
      this.dead.insert(fallen);
      this.bytes -= fallen.item.length;
    }
  }

  #requeue(sequence: number): void {
    const item = this.dead.remove(sequence)?.item;
    if (item === undefined) throw this.#impossible("requeues a dead letter that is not there");
    this.lastSequence += 1;
    this.ready.insert({ ...item, sequence: this.lastSequence, deliveries: 0, failures: 0 });
    this.bytes += item.length;
    this.#promoteParked();
    this.#notePeak();
  }

  #discardAll(): void {
    this.discarding = true;
    for (const item of this.ready) this.#discard(item);
    for (const { item } of this.parked) this.#discard(item);
    this.ready.clear();
    this.parked.clear();
  }

  #discard(item: Item): void {
    this.discarded += 1;
    this.bytes -= item.length;
  }

  #notePeak(): void {
    this.peak = Math.max(this.peak, this.occupied);
  }

  #impossible(what: string, cause?: unknown): BufferError {
    return this.#faults.of("DATA_CORRUPT", `A commit of the buffer ${what}`, { cause });
  }
}

/** Commit numbers are never used twice in a buffer, so neither are tokens. */
export function leaseToken(commit: number, index: number): string {
  return `${commit}.${index}`;
}

/** Number of the commit that leased. */
export function commitOfToken(token: string): number {
  return Number.parseInt(token, 10);
}
