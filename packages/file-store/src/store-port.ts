/** One handle on a store. */

import type {
  BufferAddress,
  BufferCounts,
  BufferPort,
  BufferSpec,
  ConsumerPort,
  DeadLetterPort,
  MaybePromise,
  TransportCapabilities,
  Wait,
} from "@sluice/core";
import { StoreConsumerPort } from "./consumer-port.js";
import { StoreDeadLetterPort } from "./dead-letter-port.js";
import { newHandleId } from "./layout.js";
import { StoreProducerPort } from "./producer-port.js";
import type { Store } from "./store.js";

/** What a port tells of itself, and the store does not know: it is the transport's to say. */
export interface PortIdentity {
  /** Opens the same buffer in another process. */
  readonly address: BufferAddress;
  /** Of the buffer, as the transport offers it. */
  readonly capabilities: TransportCapabilities;
}

export class StorePort implements BufferPort {
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly deadLetters: DeadLetterPort;
  readonly #store: Store;
  readonly #remove: () => MaybePromise<void>;
  #isClosed = false;

  /** @param remove - removes what is left of the store once it is destroyed. */
  constructor(store: Store, spec: BufferSpec, identity: PortIdentity, remove: () => MaybePromise<void>) {
    this.spec = spec;
    this.capabilities = identity.capabilities;
    this.address = identity.address;
    this.#store = store;
    this.#remove = remove;
    this.deadLetters = new StoreDeadLetterPort(store);
  }

  async producer(id?: string): Promise<StoreProducerPort> {
    return StoreProducerPort.register(this.#store, id ?? `anonymous.${newHandleId()}`, id !== undefined);
  }

  /** @param pollBytesMax - of items that a poll hands out together; one that has more comes alone. */
  async consumer(pollBytesMax: number = Number.POSITIVE_INFINITY): Promise<ConsumerPort> {
    this.#store.payload.expect();
    // Known from now on, so that its death is noticed also while it has only waited, and that it has its turn among others.
    await this.#store.transact((state) =>
      state.participants.get(this.#store.handle)?.lastTake === undefined
        ? { operations: [{ op: "consumer", handle: this.#store.handle }], reply: () => undefined }
        : { answer: undefined },
    );
    return new StoreConsumerPort(this.#store, pollBytesMax);
  }

  async seal({ discard }: { readonly discard: boolean }): Promise<boolean> {
    return this.#store.transact<boolean>((state) =>
      state.sealed && (!discard || state.discarding)
        ? { answer: false, final: true }
        : { operations: [{ op: "seal", discard }], reply: () => true },
    );
  }

  counts(): MaybePromise<BufferCounts> {
    return this.#store.transact((state) => ({
      answer: {
        ready: state.ready.size,
        leased: state.leased.size,
        parked: state.parked.size,
        dead: state.dead.size,
        discarded: state.discarded,
        produced: state.produced,
        consumed: state.consumed,
        peak: state.peak,
        sealed: state.sealed,
        waitingProducers: this.#store.waits.count("producer"),
        waitingConsumers: this.#store.waits.count("consumer"),
      },
    }));
  }

  drained(wait: Wait): MaybePromise<boolean> {
    return this.#store.transactWhen<boolean>(
      "observer",
      wait,
      (state) => state.isDrained,
      (state) => ({ answer: state.isDrained, final: state.isDrained }),
      (isDrained) => isDrained,
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#store.endWaits();
    try {
      await this.#store.transact((state) =>
        state.participants.has(this.#store.handle)
          ? { operations: [{ op: "leave", handle: this.#store.handle }], reply: () => undefined }
          : { answer: undefined },
      );
    } catch {
      // Destroyed, failed or out of reach: then the others find out from the process's end, or from the lease's time.
    } finally {
      this.#store.close();
    }
  }

  async destroy(): Promise<void> {
    await this.#store.destroy();
    // Not before: one that could not be destroyed is still to be closed.
    this.letGo();
    await this.#remove();
  }

  /** Ends this handle here, and commits nothing: what it holds stays held, by its name. */
  protected letGo(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#store.close();
  }
}
