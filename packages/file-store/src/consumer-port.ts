/** Takes and leases items, and settles leases. */

import {
  type ConsumerPort,
  type Delivery,
  isBufferError,
  type LeaseTerms,
  type LeaseToken,
  type MaybePromise,
  type Polled,
  partsOf,
  type Settled,
  type Settlement,
  type Wait,
} from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import { type BufferState, leaseToken } from "./buffer-state.js";
import { type Decision, Stale } from "./decision.js";
import type { Act } from "./operation.js";
import type { Store } from "./store.js";

// More than a lease's worth of text does not belong into every commit that follows.
const REASON_CHARACTERS_MAX = 256;
const ENDED_MAX = 64;

export class StoreConsumerPort implements ConsumerPort {
  readonly #store: Store;
  // Handed out by this port and not settled by it: to be released when it is closed.
  readonly #open = new Set<LeaseToken>();

  constructor(store: Store) {
    this.#store = store;
  }

  poll(max: number, wait: Wait, lease?: LeaseTerms): MaybePromise<Polled> {
    return this.#store.transactWhen(
      "consumer",
      wait,
      (state) => state.ready.size > 0 || state.isDrained,
      (state) => this.#decide(state, max, lease),
      ({ state }) => state !== "empty",
    );
  }

  settle(settlements: readonly Settlement[]): MaybePromise<readonly Settled[]> {
    try {
      const answer = this.#store.transact((state) => this.#decideSettlements(state, settlements));
      return answer instanceof Promise ? answer.catch((error) => this.#inParts(error, settlements)) : answer;
    } catch (error) {
      return this.#inParts(error, settlements);
    }
  }

  close(): MaybePromise<void> {
    if (this.#open.size === 0) return;
    const releases = [...this.#open].map((token) => ({ kind: "release", token }) as const);
    return this.#store.giveUp(() => this.settle(releases));
  }

  // On a full disk there is space set aside for small commits: half as many settlements make a smaller one.
  async #inParts(error: unknown, settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    if (!isBufferError(error, "STORAGE_FULL") || settlements.length < 2) throw error;
    const half = Math.ceil(settlements.length / 2);
    const first = await this.settle(settlements.slice(0, half));
    try {
      return [...first, ...(await this.settle(settlements.slice(half)))];
    } catch (cause) {
      const message = "The disk is full, and only some of the leases were settled";
      throw this.#store.log.faults.of("STORAGE_FULL", message, { effect: "unknown", cause });
    }
  }

  #decide(state: BufferState, max: number, lease: LeaseTerms | undefined): Decision<Polled> {
    const first = state.ready.first;
    if (first === undefined) {
      if (state.isDrained) return { answer: { deliveries: [], state: "drained" }, final: true };
      // Someone who holds a lease may have died without a sign.
      if (state.leased.size > 0 && this.#store.probe()) throw new Stale();
      return { answer: { deliveries: [], state: "empty" } };
    }
    const items = state.ready.peek(max);
    const bytes = this.#store.payload.read(items, lease === undefined);
    // As they will be once the commit is applied.
    const deliveries = items.map((item, index) => ({
      ...partsOf(bytes[index] as Uint8Array, item.envelopeLength),
      sequence: item.sequence,
      deliveries: item.deliveries + 1,
      failures: item.failures,
    }));
    const range = { from: first.sequence, count: items.length };
    if (lease === undefined) {
      return { operations: [{ op: "take", ...range }], reply: () => ({ deliveries, state: "open" }) };
    }
    const until = monotonicMs() + lease.leaseMs;
    return {
      operations: [{ op: "lease", ...range, handle: this.#store.handle, until }],
      reply: (commit) => ({ deliveries: this.#withTokens(commit, deliveries), state: "open" }),
    };
  }

  #withTokens(commit: number, deliveries: readonly Delivery[]): Delivery[] {
    this.#forgetEnded();
    return deliveries.map((delivery, index) => {
      const token = leaseToken(commit, index);
      this.#open.add(token);
      return { ...delivery, token };
    });
  }

  // Of leases that have ended by time, or were settled by another port, when they have become many.
  #forgetEnded(): void {
    const { leased } = this.#store.log.state;
    if (this.#open.size <= 2 * leased.size + ENDED_MAX) return;
    for (const token of this.#open) if (!leased.has(String(token))) this.#open.delete(token);
  }

  #decideSettlements(state: BufferState, settlements: readonly Settlement[]): Decision<readonly Settled[]> {
    const acts: Act[] = [];
    const ended = new Set<LeaseToken>();
    const answers = settlements.map((settlement): Settled => {
      const { token, kind } = settlement;
      const isHeld = state.leased.get(String(token))?.handle === this.#store.handle;
      if (!isHeld || ended.has(token)) return "lost";
      if (kind !== "extend") ended.add(token);
      acts.push(toAct(settlement, this.#store.log.syncMs));
      return "settled";
    });
    const done = () => {
      for (const { token, kind } of settlements) if (kind !== "extend") this.#open.delete(token);
      return answers;
    };
    return acts.length === 0
      ? { answer: done(), final: true }
      : { operations: [{ op: "settle", acts }], reply: done };
  }
}

// A delay is a least time, from when its caller is told: so the time that the disk takes comes on top.
function toAct(settlement: Settlement, syncMs: number): Act {
  const token = String(settlement.token);
  switch (settlement.kind) {
    case "nack": {
      const { reason, delayMs } = settlement;
      const until = delayMs > 0 ? monotonicMs() + delayMs + Math.ceil(syncMs) : 0;
      return { kind: "nack", token, reason: clip(reason), until };
    }
    case "extend":
      return { kind: "extend", token, until: monotonicMs() + settlement.leaseMs };
    case "bury":
      return { kind: "bury", token, reason: clip(settlement.reason) };
    default:
      return { kind: settlement.kind, token };
  }
}

function clip(reason: string): string {
  return reason.length > REASON_CHARACTERS_MAX ? `${reason.slice(0, REASON_CHARACTERS_MAX - 1)}…` : reason;
}
