/** Puts items: capacity is checked and the items are appended in the same commit. */

import {
  type Envelopes,
  type MaybePromise,
  type Offered,
  type ProducerPort,
  type Wait,
  withEnvelope,
} from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { Decision } from "./decision.js";
import type { ProducerRecord } from "./item.js";
import type { Store } from "./store.js";

/** Each is known by its id for as long as it is open, or, if it was given the id, as long as the buffer is. */
const PRODUCERS_MAX = 10_000;

/** The items of an offer, each with its envelope behind it. */
interface Load {
  readonly items: readonly Uint8Array[];
  readonly sums: readonly number[];
  readonly envelopes: Envelopes | undefined;
}

type Registration = Pick<ProducerRecord, "epoch" | "named" | "last">;

export class StoreProducerPort implements ProducerPort {
  readonly id: string;
  readonly epoch: number;
  readonly lastSequence: number;
  readonly #store: Store;
  readonly #isNamed: boolean;

  private constructor(store: Store, id: string, { epoch, named, last }: Registration) {
    this.id = id;
    this.epoch = epoch;
    this.lastSequence = last;
    this.#store = store;
    this.#isNamed = named;
  }

  /** Registers the id for this handle: whoever held it before is refused from this commit on. */
  static async register(store: Store, id: string, named: boolean): Promise<StoreProducerPort> {
    return store.transact((state) => {
      if (state.producers.size >= PRODUCERS_MAX && !state.producers.has(id)) {
        const message = `This buffer remembers ${PRODUCERS_MAX} producers, those that are open and those with an id, and no more`;
        throw store.log.faults.of("STORAGE_FULL", message);
      }
      return {
        operations: [{ op: "producer", id, handle: store.handle, named }],
        reply: (epoch) =>
          new StoreProducerPort(store, id, { epoch, named, last: state.producers.get(id)?.last ?? 0 }),
      };
    });
  }

  /** Goes on with what an earlier process of this handle registered. Undefined if that is no longer current. */
  static async resume(store: Store, id: string, epoch: number): Promise<StoreProducerPort | undefined> {
    return store.transact<StoreProducerPort | undefined>((state) => {
      const found = state.producers.get(id);
      const isCurrent = found?.epoch === epoch && found.handle === store.handle;
      return { answer: isCurrent ? new StoreProducerPort(store, id, found) : undefined, final: true };
    });
  }

  offer(
    firstSequence: number,
    items: readonly Uint8Array[],
    wait: Wait,
    envelopes?: Envelopes,
  ): MaybePromise<Offered> {
    const whole = envelopes === undefined ? items : items.map((item, i) => withEnvelope(item, envelopes[i]));
    const load = { items: whole, sums: this.#store.payload.sumsOf(whole), envelopes };
    return this.#store.transactWhen(
      "producer",
      wait,
      (state) => state.sealed || hasRoom(state, whole[0]?.byteLength ?? 0),
      (state) => this.#decide(state, firstSequence, load),
      ({ accepted, state }) => accepted > 0 || state !== "full",
    );
  }

  close(): MaybePromise<void> {
    // A named one is kept: its holder may come back and ask how far it had come.
    if (this.#isNamed) return;
    return this.#store.giveUp(() =>
      this.#store.transact((state) =>
        this.#isCurrent(state)
          ? { operations: [{ op: "retire", id: this.id }], reply: () => undefined }
          : { answer: undefined },
      ),
    );
  }

  #decide(state: BufferState, firstSequence: number, { items, sums, envelopes }: Load): Decision<Offered> {
    const { faults } = this.#store.log;
    if (!this.#isCurrent(state)) {
      throw faults.of("HANDLE_CLOSED", `Producer ${this.id} has a newer holder`);
    }
    const { last } = state.producers.get(this.id) as { last: number };
    if (firstSequence > last + 1) {
      const message = `Producer ${this.id} offers item ${firstSequence} after ${last}: there must be no gap`;
      throw faults.of("INVALID_ARGUMENT", message);
    }
    // Accepted before: answered from memory, whatever the state is now.
    const known = Math.min(items.length, last + 1 - firstSequence);
    if (known === items.length) return { answer: { accepted: known, state: "open" }, final: true };
    if (state.sealed) return { answer: { accepted: known, state: "sealed" }, final: true };
    const { capacity, bufferBytesMax } = state.spec;
    const fitting = countWithin(items, known, capacity - state.occupied, bufferBytesMax - state.bytes);
    // One comes in any case: what a commit cannot carry at all is refused before.
    const carried = Math.max(1, countWithin(items, known, fitting, this.#store.log.commitBytesMax));
    const count = Math.min(fitting, carried);
    const isAll = known + count === items.length;
    const fullBy = state.occupied + count >= capacity ? "items" : "bytes";
    // What there is room for, and one commit cannot carry, comes with the next.
    const isOpen = isAll || count < fitting;
    const answer: Offered = isOpen
      ? { accepted: known + count, state: "open" }
      : { accepted: known + count, state: "full", fullBy };
    if (count === 0) return { answer, final: known > 0 };
    const accepted = items.slice(known, known + count);
    const put = {
      op: "put",
      id: this.id,
      first: last + 1,
      lengths: accepted.map((item) => item.byteLength),
      sums: sums.slice(known, known + count),
    } as const;
    const lengths = envelopes?.slice(known, known + count).map((envelope) => envelope?.byteLength ?? 0);
    const operations = [lengths === undefined ? put : { ...put, envelopes: lengths }];
    return { operations, items: accepted, tellsState: !isOpen, reply: () => answer };
  }

  #isCurrent(state: BufferState): boolean {
    return state.producers.get(this.id)?.epoch === this.epoch;
  }
}

function hasRoom(state: BufferState, length: number): boolean {
  return state.occupied < state.spec.capacity && state.bytes + length <= state.spec.bufferBytesMax;
}

/** How many from there on are no more than that, and have no more bytes together. */
function countWithin(items: readonly Uint8Array[], from: number, countMax: number, bytesMax: number): number {
  let bytes = 0;
  let count = 0;
  while (count < countMax && from + count < items.length) {
    bytes += items[from + count]?.byteLength ?? 0;
    if (bytes > bytesMax) break;
    count += 1;
  }
  return count;
}
