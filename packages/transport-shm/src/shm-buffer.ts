/** One handle on a buffer in shared memory. */

import type {
  BufferAddress,
  BufferCounts,
  BufferPort,
  BufferSpec,
  ConsumerPort,
  DeadLetterPort,
  MaybePromise,
  ProducerPort,
  TransportCapabilities,
  Wait,
} from "@sluice/core";
import { ShmConsumerPort } from "./consumer-port.js";
import { read64 } from "./counter.js";
import { ShmDeadLetterPort } from "./dead-letter-port.js";
import type { Participants } from "./participants.js";
import type { Busy } from "./patience.js";
import { ShmProducerPort } from "./producer-port.js";
import { Word } from "./region-layout.js";
import type { SharedBuffer } from "./shared-buffer.js";

export interface ShmBufferOptions {
  readonly shared: SharedBuffer;
  readonly participants: Participants;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  /** Removes everything that the buffer has on the file system. */
  readonly remove: () => void;
}

export class ShmBuffer implements BufferPort {
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly deadLetters: DeadLetterPort;
  readonly #shared: SharedBuffer;
  readonly #participants: Participants;
  readonly #remove: () => void;
  #isClosed = false;

  constructor({ shared, participants, capabilities, address, remove }: ShmBufferOptions) {
    this.spec = shared.spec;
    this.capabilities = capabilities;
    this.address = address;
    this.deadLetters = new ShmDeadLetterPort(shared);
    this.#shared = shared;
    this.#participants = participants;
    this.#remove = remove;
  }

  producer(id?: string): Promise<ProducerPort> {
    return ShmProducerPort.register(this.#shared, id);
  }

  async consumer(): Promise<ConsumerPort> {
    // A destroyed buffer has none.
    await this.#shared.untilHad(() => this.#shared.consume(() => {}));
    return new ShmConsumerPort(this.#shared);
  }

  async seal({ discard }: { readonly discard: boolean }): Promise<boolean> {
    return this.#shared.untilHad(() => this.#shared.seal(discard));
  }

  counts(): MaybePromise<BufferCounts> {
    const { words } = this.#shared.region;
    return this.#shared.untilHad(() => {
      // Before the locks: it asks the system who is alive.
      const waiting = this.#participants.waiting();
      return this.#shared.both((_, consumers) => {
        return {
          ready: consumers.ready,
          leased: consumers.leased.count,
          parked: words[Word.parked] as number,
          dead: words[Word.dead] as number,
          discarded: read64(words, Word.discarded, Word.discardedHigh),
          produced: read64(words, Word.produced, Word.producedHigh),
          consumed: read64(words, Word.consumed, Word.consumedHigh),
          peak: words[Word.peak] as number,
          sealed: consumers.isSealed,
          waitingProducers: waiting.room,
          waitingConsumers: waiting.items,
        };
      });
    });
  }

  drained(wait: Wait): MaybePromise<boolean> {
    const attempt = (): boolean | Busy => this.#shared.consume((consumers) => consumers.isDrained);
    const waitOn = (isDrained: boolean): MaybePromise<boolean> =>
      isDrained || wait.maxMs <= 0 || wait.signal.aborted
        ? isDrained
        : this.#shared.waiters.wait<boolean>(
            { attempt: () => attempt() || undefined, giveUp: () => false, set: () => "end" },
            wait,
          );
    const first = this.#shared.untilHad(attempt);
    return first instanceof Promise ? first.then(waitOn) : waitOn(first);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#shared.waiters.endWaits();
    try {
      const release = () =>
        this.#shared.consume((consumers) => consumers.leased.endThoseOf(this.#shared.me, { kind: "back" }));
      await this.#shared.untilHad(release);
    } catch {
      // Destroyed, or held by a stopped process: then the others find out that this handle is gone.
    } finally {
      this.#shared.leave();
    }
  }

  async destroy(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#shared.destroy();
    this.#shared.leave();
    // Also after somebody else, who may have died over it.
    this.#remove();
  }
}
