/** One handle on a buffer that a server holds. */

import {
  type BufferAddress,
  type BufferCounts,
  type BufferPort,
  type BufferSpec,
  type ConsumerPort,
  type DeadLetterPort,
  isBufferError,
  type ProducerPort,
  type TransportCapabilities,
  type Wait,
} from "@sluice/core";
import { RedisConsumerPort } from "./consumer-port.js";
import { deadLettersOf } from "./dead-letters.js";
import { closed, fault } from "./faults.js";
import type { Handle } from "./handle.js";
import { anonymous, named, RedisProducerPort } from "./producer-port.js";
import { waitFor } from "./waiting.js";

/** Nobody waits long to be let go. */
const PARTING = { effect: "none", withinMs: 1_000 } as const;

/** In the order of `counts.lua`. */
type Numbers = readonly [0, ...number[]];

export class RedisPort implements BufferPort {
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly deadLetters: DeadLetterPort;
  readonly #handle: Handle;
  readonly #bufferId: string;
  /** Those that are open, or could not say that they are not. */
  readonly #consumers: Set<RedisConsumerPort> = new Set();

  constructor(handle: Handle, bufferId: string, own: Pick<BufferPort, "spec" | "capabilities" | "address">) {
    this.spec = own.spec;
    this.capabilities = own.capabilities;
    this.address = own.address;
    this.#handle = handle;
    this.#bufferId = bufferId;
    this.deadLetters = deadLettersOf(handle);
  }

  producer(id?: string): Promise<ProducerPort> {
    return this.#handle.track(async () => {
      const holder = this.#handle.newName();
      const producer = id === undefined ? anonymous(holder) : named(id);
      const [code, number] = await this.#handle.run<readonly [number, number]>("register", [
        producer,
        holder,
      ]);
      if (code === 2) throw closed();
      if (code === 1) {
        const message = `The buffer remembers ${number} producers already, and all were heard of lately`;
        throw fault("STORAGE_FULL", message);
      }
      return new RedisProducerPort(this.#handle, producer, holder, number);
    });
  }

  consumer(): Promise<ConsumerPort> {
    return this.#handle.track(async () => {
      const name = this.#handle.newName();
      await this.#handle.run("enter", [name], { effect: "none" });
      const consumer = new RedisConsumerPort(this.#handle, name, () => this.#consumers.delete(consumer));
      this.#consumers.add(consumer);
      return consumer;
    });
  }

  seal({ discard }: { readonly discard: boolean }): Promise<boolean> {
    return this.#handle.track(async () => {
      const args = [discard ? 1 : 0, this.#handle.newName()];
      const [, isByThis] = await this.#handle.run<readonly [number, number]>("seal", args);
      return isByThis === 1;
    });
  }

  counts(): Promise<BufferCounts> {
    return this.#handle.track(async () => {
      const numbers = await this.#handle.run<Numbers>("counts", [], { effect: "none" });
      const at = (index: number) => numbers[index] ?? 0;
      return {
        ready: at(1),
        leased: at(2),
        parked: at(3),
        dead: at(4),
        discarded: at(5),
        produced: at(6),
        consumed: at(7),
        peak: at(8),
        sealed: at(9) > 0,
        waitingProducers: at(10),
        waitingConsumers: at(11),
      };
    });
  }

  drained(wait: Wait): Promise<boolean> {
    return this.#handle.track(() => {
      const id = this.#handle.newName();
      return waitFor<boolean>(
        this.#handle,
        { id, kind: "end", owner: this },
        wait,
        async ({ waitMs, hops }) => {
          const args = [id, waitMs, hops < 0 ? 0 : 1];
          const [, isEnd, planMs] = await this.#handle.run<readonly [number, number, number]>(
            "drained",
            args,
            {
              effect: "none",
            },
          );
          return isEnd === 1 || planMs === 0 ? { answer: isEnd === 1 } : { planMs };
        },
        () => false,
      );
    });
  }

  async close(): Promise<void> {
    if (!(await this.#handle.end())) return;
    const kept = [...this.#consumers].flatMap(({ keptNames }) => keptNames);
    const names = [`d${this.#handle.id}`, ...kept];
    try {
      await this.#handle.run("part", [`${this.#handle.id}.`, ...names], PARTING);
    } catch {
      // What it held comes back when the leases are over.
    }
    this.#handle.drop();
  }

  async destroy(): Promise<void> {
    const { keys } = this.#handle;
    try {
      await this.#handle.run("destroy", [this.#bufferId], {}, [...keys.all, keys.place]);
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED")) throw error;
    }
    await this.#handle.end();
    this.#handle.drop();
  }
}
