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
import { type BufferState, commitOfToken, leaseToken } from "./buffer-state.js";
import type { Clock } from "./clock.js";
import { type Decision, type Had, Stale } from "./decision.js";
import { type Item, NEVER } from "./item.js";
import type { Log } from "./log.js";
import type { Act } from "./operation.js";
import type { Store } from "./store.js";

// More than a lease's worth of text does not belong into every commit that follows.
const REASON_CHARACTERS_MAX = 256;
const ENDED_MAX = 64;
/** So many times what a take asks for may have gone to each of the others that take, by the time that it is stored. */
const TAKES_OF_EACH = 2;
const BEHIND_MAX = 256;

/** An item as it was when a take was decided on that may come to have it, and its bytes. */
interface Behind {
  readonly item: Item;
  readonly bytes: Uint8Array;
}

/** One under a lease, whose token is filled in when its commit has a number. */
type LeasedDelivery = Delivery & { token: LeaseToken };

export class StoreConsumerPort implements ConsumerPort {
  readonly #store: Store;
  readonly #pollBytesMax: number;
  // Commits with which this port leased items: what is still open of them is to be released when it is closed.
  #leasing = new Set<number>();

  /** @param pollBytesMax - of items that a poll hands out together; one that has more comes alone. */
  constructor(store: Store, pollBytesMax: number) {
    this.#store = store;
    this.#pollBytesMax = pollBytesMax;
  }

  poll(max: number, wait: Wait, lease?: LeaseTerms): MaybePromise<Polled> {
    return this.#store.transactWhen(
      "consumer",
      wait,
      hasAnswer,
      (state) => this.#decide(state, max, lease, wait.maxMs === 0),
      isAnswer,
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
    const releases: Settlement[] = [];
    for (const [token, { handle }] of this.#store.log.state.leased) {
      const isOpen = handle === this.#store.handle && this.#leasing.has(commitOfToken(token));
      if (isOpen) releases.push({ kind: "release", token });
    }
    return releases.length === 0 ? undefined : this.#store.giveUp(() => this.settle(releases));
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

  /** @param isTry - whether it is asked what there is now: then fewer than `max` says that there are no more. */
  #decide(state: BufferState, max: number, lease: LeaseTerms | undefined, isTry: boolean): Decision<Polled> {
    const first = state.ready.first;
    if (first === undefined) {
      if (state.isDrained) return { answer: { deliveries: [], state: "drained" }, final: true };
      // Someone who holds a lease may have died without a sign.
      if (state.leased.size > 0 && this.#store.probe()) throw new Stale();
      return { answer: { deliveries: [], state: "empty" } };
    }
    const items = within(state.ready.peek(max), this.#pollBytesMax);
    const bytes = this.#store.payload.read(items, lease === undefined);
    // What is left when others were before it may be less than there is.
    const behind = isTry && max > 1 ? NOTHING : this.#behind(state, items.length, max);
    const to = behind.at(-1)?.item.sequence;
    const tellsState = isTry && state.ready.size < max;
    const range = { from: first.sequence, count: items.length, ...(to !== undefined && { to }) };
    if (lease === undefined) {
      const deliveries = items.map((item, index) => taken(item, bytes[index] as Uint8Array));
      return {
        operations: [{ op: "take", ...range }],
        tellsState,
        reply: (_, had) => ({ deliveries: givenOf(deliveries, behind, had, taken), state: "open" }),
      };
    }
    const deliveries = items.map((item, index) => leased(item, bytes[index] as Uint8Array));
    const { handle, log } = this.#store;
    return {
      operations: [{ op: "lease", ...range, handle, until: endOf(lease.leaseMs, log.clock) }],
      tellsState,
      reply: (commit, had) => {
        this.#noteLeasing(commit);
        const given = givenOf(deliveries, behind, had, leasedCopy);
        for (const [index, delivery] of given.entries()) delivery.token = leaseToken(commit, index);
        return { deliveries: given, state: "open" };
      },
    };
  }

  // What a take has whose items others take first: as many as they may take before it is stored.
  #behind(state: BufferState, count: number, max: number): readonly Behind[] {
    const { payload, handle } = this.#store;
    if (payload.readHere === undefined || this.#pollBytesMax !== Number.POSITIVE_INFINITY) return NOTHING;
    if (state.ready.size <= count) return NOTHING;
    let others = 0;
    for (const [name, { lastTake }] of state.participants)
      if (lastTake !== undefined && name !== handle) others += 1;
    if (others === 0) return NOTHING;
    const most = Math.min(TAKES_OF_EACH * others * max, BEHIND_MAX);
    const items = state.ready.peek(count + most).slice(count);
    return payload.readHere(items).map((bytes, at) => ({ item: { ...(items[at] as Item) }, bytes }));
  }

  // And forgets those of which nothing is open, when they have become many.
  #noteLeasing(commit: number): void {
    this.#leasing.add(commit);
    const { leased } = this.#store.log.state;
    if (this.#leasing.size <= 2 * leased.size + ENDED_MAX) return;
    const open = new Set<number>();
    for (const token of leased.keys()) open.add(commitOfToken(token));
    this.#leasing = new Set([...this.#leasing].filter((one) => open.has(one)));
  }

  #decideSettlements(state: BufferState, settlements: readonly Settlement[]): Decision<readonly Settled[]> {
    const { handle, log } = this.#store;
    const acts: Act[] = [];
    const ended = new Set<LeaseToken>();
    const answers = settlements.map((settlement): Settled => {
      const { token, kind } = settlement;
      const isHeld = state.leased.get(String(token))?.handle === handle;
      if (!isHeld || ended.has(token)) return "lost";
      if (kind !== "extend") ended.add(token);
      acts.push(toAct(settlement, log));
      return "settled";
    });
    return acts.length === 0
      ? { answer: answers, final: true }
      : { operations: [{ op: "settle", acts }], reply: () => answers };
  }
}

const NOTHING: readonly Behind[] = Object.freeze([]);

/** As many from the front as have no more bytes than this together, but always one. */
function within(items: Item[], bytesMax: number): Item[] {
  if (items.length === 1 || bytesMax === Number.POSITIVE_INFINITY) return items;
  let bytes = 0;
  for (let at = 0; at < items.length; at++) {
    bytes += (items[at] as Item).length;
    if (bytes > bytesMax && at > 0) return items.slice(0, at);
  }
  return items;
}

function hasAnswer(state: BufferState): boolean {
  return state.ready.size > 0 || state.isDrained;
}

function isAnswer({ state }: Polled): boolean {
  return state !== "empty";
}

// An item as it will be once its commit is applied. Written out twice: to put one into the other costs more than the rest.
function taken({ envelopeLength, sequence, deliveries, failures }: Item, both: Uint8Array): Delivery {
  const { item, envelope } = partsOf(both, envelopeLength);
  return { item, envelope, sequence, deliveries: deliveries + 1, failures };
}

function leased({ envelopeLength, sequence, deliveries, failures }: Item, both: Uint8Array): LeasedDelivery {
  const { item, envelope } = partsOf(both, envelopeLength);
  return { item, envelope, sequence, deliveries: deliveries + 1, failures, token: "" };
}

/** In memory of its own: the item stays in the buffer. */
function leasedCopy(item: Item, bytes: Uint8Array): LeasedDelivery {
  return leased(item, new Uint8Array(bytes));
}

/** What a take was given: what it decided on, unless others took some of that first. */
function givenOf<D extends Delivery>(
  deliveries: D[],
  behind: readonly Behind[],
  had: Had | undefined,
  make: (item: Item, bytes: Uint8Array) => D,
): D[] {
  if (had === undefined) return deliveries;
  const at = deliveries.findIndex(({ sequence }) => sequence === had.from);
  const left = at === -1 ? [] : deliveries.slice(at, at + had.count);
  const later = behind.filter(({ item }) => item.sequence >= had.from).slice(0, had.count - left.length);
  return [...left, ...later.map(({ item, bytes }) => make(item, bytes))];
}

function endOf(leaseMs: number, clock: Clock): number {
  return Math.min(clock.atMost() + leaseMs, NEVER);
}

// A delay is a least time, from when its caller is told: so the time that the disk takes comes on top.
function toAct(settlement: Settlement, { clock, syncMs }: Log): Act {
  const token = String(settlement.token);
  switch (settlement.kind) {
    case "nack": {
      const { reason, delayMs } = settlement;
      const until = delayMs > 0 ? clock.atMost() + delayMs + Math.ceil(syncMs) : 0;
      return { kind: "nack", token, reason: clip(reason), until };
    }
    case "extend":
      return { kind: "extend", token, until: endOf(settlement.leaseMs, clock) };
    case "bury":
      return { kind: "bury", token, reason: clip(settlement.reason) };
    default:
      return { kind: settlement.kind, token };
  }
}

function clip(reason: string): string {
  return reason.length > REASON_CHARACTERS_MAX ? `${reason.slice(0, REASON_CHARACTERS_MAX - 1)}…` : reason;
}
