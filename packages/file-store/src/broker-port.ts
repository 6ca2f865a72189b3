/** The one handle of a process that keeps a store on behalf of others, and of which nothing is lost when it is killed. */

import type {
  BufferPort,
  BufferSpec,
  ConsumerPort,
  LeaseToken,
  MaybePromise,
  ProducerPort,
} from "@sluice/core";
import { NEVER } from "./item.js";
import { StoreProducerPort } from "./producer-port.js";
import type { Store } from "./store.js";
import { type PortIdentity, StorePort } from "./store-port.js";

/**
 * A `BufferPort` for a broker. What is different:
 *
 * - Bytes are not copied. The items of an offer are handed over: whoever offered them does not change them any more. What a
 *   poll hands out under a lease, or the dead letters list, may be the store's own, to be read only. In memory; on a disk they
 *   are written and read, and what was read may be kept for the next.
 * - `leaseMs` may be `Infinity`: no time ends such a lease, and no start of the machine. Its settlement does, as does `close`
 *   of its consumer or of this handle.
 * - In a directory, the next process that opens the store for its broker has the same handle: what this one held when it was
 *   killed, or ended without `close`, stays held. Tokens settle, and leases run on until their time, or until the machine is
 *   started again.
 */
export interface BrokerPort extends BufferPort {
  producer(id?: string): Promise<BrokerProducerPort>;
  /** @param pollBytesMax - how many bytes of items a poll hands out together; one that has more comes alone. Default: any. */
  consumer(pollBytesMax?: number): Promise<ConsumerPort>;
  /**
   * Goes on with a registration of this handle, also by an earlier process, without a fresh epoch: what is offered is known
   * by its sequence, as always. Undefined if the id has a newer epoch, or is not known. Waits and rejects as `counts`.
   */
  resumeProducer(id: string, epoch: number): Promise<BrokerProducerPort | undefined>;
  /** The registrations of this handle, those of earlier processes included. Waits and rejects as `counts`. */
  producers(): MaybePromise<readonly HeldProducer[]>;
  /**
   * The open leases of this handle, those of earlier processes included: any of its consumers settles them. A nacked item
   * whose delay has not passed is not among them. Waits and rejects as `counts`.
   */
  leases(): MaybePromise<readonly HeldLease[]>;
  /**
   * How long, in milliseconds, until the delay of a nacked item has passed that passes next; undefined where there is none.
   * Waits and rejects as `counts`.
   */
  nextDelayMs(): MaybePromise<number | undefined>;
  /**
   * Lets go of the store, and gives nothing up: the next process that opens it for its broker has all that this one held.
   * Calls that are under way fail, or have no answer; what was not committed by then never is.
   */
  detach(): void;
}

/** A producer whose registration outlives the process. */
export interface BrokerProducerPort extends ProducerPort {
  /** As it was given; of one without an id, the one that was made up for it. */
  readonly id: string;
  /** Of this registration: higher than that of any before it in this buffer. */
  readonly epoch: number;
}

/** A registration, as `BrokerPort.producers` tells of it. */
export interface HeldProducer {
  readonly id: string;
  readonly epoch: number;
  /** Sequence of the last item accepted from this id; 0 before the first. */
  readonly lastSequence: number;
  /** Whether the id was given: then it is known as long as the buffer is. If not, until its port is closed. */
  readonly isNamed: boolean;
}

/** A lease, as `BrokerPort.leases` tells of it. */
export interface HeldLease {
  readonly token: LeaseToken;
  /** Of its item. */
  readonly sequence: number;
  /** Whether no time ends it. */
  readonly isEndless: boolean;
}

export class StoreBrokerPort extends StorePort implements BrokerPort {
  readonly #store: Store;

  /** @param remove - removes what is left of the store once it is destroyed. */
  constructor(store: Store, spec: BufferSpec, identity: PortIdentity, remove: () => MaybePromise<void>) {
    super(store, spec, identity, remove);
    this.#store = store;
  }

  async resumeProducer(id: string, epoch: number): Promise<BrokerProducerPort | undefined> {
    return StoreProducerPort.resume(this.#store, id, epoch);
  }

  nextDelayMs(): MaybePromise<number | undefined> {
    return this.#store.transact<number | undefined>((state) => {
      let next = Number.POSITIVE_INFINITY;
      // Nobody holds one whose delay has not passed.
      for (const { handle, until } of state.leased.values())
        if (handle === undefined) next = Math.min(next, until);
      if (next === Number.POSITIVE_INFINITY) return { answer: undefined };
      return { answer: Math.max(0, next - this.#store.log.clock.atLeast()) };
    });
  }

  detach(): void {
    this.letGo();
  }

  producers(): MaybePromise<readonly HeldProducer[]> {
    return this.#store.transact((state) => {
      const held = [...state.producers].filter(([, { handle }]) => handle === this.#store.handle);
      const answer = held.map(([id, { epoch, last, named }]) => ({
        ...{ id, epoch },
        ...{ lastSequence: last, isNamed: named },
      }));
      return { answer, final: true };
    });
  }

  leases(): MaybePromise<readonly HeldLease[]> {
    return this.#store.transact((state) => {
      const held = [...state.leased].filter(([, { handle }]) => handle === this.#store.handle);
      const answer = held.map(([token, { item, until }]) => ({
        ...{ token, sequence: item.sequence },
        isEndless: until === NEVER,
      }));
      return { answer, final: true };
    });
  }
}
