/** A buffer in a folder of its own, driven by its port: with durability `none` everything answers at once. */

import {
  type BufferCounts,
  type BufferPort,
  type BufferSpec,
  type ConsumerPort,
  completeSpec,
  type MaybePromise,
  type ProducerPort,
  type Wait,
} from "@sluice/core";
import { createStore, type Durability, type LockName } from "../../dist/index.js";
import type { Folder } from "./folder.js";
import { openAt } from "./open-at.mjs";

export { Folder } from "./folder.js";

export const noWait: Wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };

export function spec(settings: Partial<BufferSpec> = {}): BufferSpec {
  return completeSpec({ capacity: 5, ...settings }, "bytes");
}

/** In whose name the errors of these tests' stores are told. */
export const NAME = "test-store";

/** A store, and nobody who has it open. Returns its id. */
export function made(
  folder: Folder,
  settings: Partial<BufferSpec> = {},
  durability: Durability = "fsync",
  lock: LockName = "proper-lockfile",
): Promise<string> {
  return createStore(folder.place, NAME, { spec: spec(settings), durability, lock });
}

export async function created(
  folder: Folder,
  settings: Partial<BufferSpec> = {},
  durability: Durability = "none",
  lock: LockName = "proper-lockfile",
): Promise<BufferPort> {
  await made(folder, settings, durability, lock);
  return opened(folder);
}

export function opened(folder: Folder, options: { readonly lockWaitMs?: number } = {}): Promise<BufferPort> {
  return openAt({ module: "none", transport: NAME, place: { path: folder.place, ...options } });
}

/** What a port answers at once. A promise here means that a call had to wait for something, which the test did not expect. */
export function now<T>(answer: MaybePromise<T>): T {
  if (answer instanceof Promise) {
    answer.catch(() => {});
    throw new Error("Expected an answer at once, got a promise");
  }
  return answer;
}

/** One participant with both ports. Items are numbers, and as bytes their digits. */
export class Worker {
  readonly buffer: BufferPort;
  readonly producer: ProducerPort;
  readonly consumer: ConsumerPort;
  #next: number;

  private constructor(buffer: BufferPort, producer: ProducerPort, consumer: ConsumerPort) {
    this.buffer = buffer;
    this.producer = producer;
    this.consumer = consumer;
    this.#next = producer.lastSequence + 1;
  }

  static async on(buffer: BufferPort): Promise<Worker> {
    return new Worker(buffer, await buffer.producer(), await buffer.consumer());
  }

  put(...values: number[]): number {
    const items = values.map((value) => Buffer.from(String(value)));
    const { accepted } = now(this.producer.offer(this.#next, items, noWait));
    this.#next += accepted;
    return accepted;
  }

  take(max = 1): number[] {
    return now(this.consumer.poll(max, noWait)).deliveries.map(({ item }) => toValue(item));
  }

  /** Leases and acks in two commits. */
  leaseAndAck(max = 1): number[] {
    const { deliveries } = now(this.consumer.poll(max, noWait, { leaseMs: 60_000 }));
    const settled = now(
      this.consumer.settle(deliveries.map(({ token }) => ({ kind: "ack", token: token ?? "" }))),
    );
    return deliveries.filter((_, i) => settled[i] === "settled").map(({ item }) => toValue(item));
  }

  counts(): BufferCounts {
    return now(this.buffer.counts());
  }

  /** Two commits that leave the buffer as it is, if it has room and nothing is ready. */
  turnOver(times: number): void {
    for (let i = 0; i < times; i++) {
      if (this.put(-1) !== 1) throw new Error("Expected room for one item");
      const taken = this.take();
      if (taken[0] !== -1) throw new Error(`Expected to take -1, got ${taken.join()}`);
    }
  }
}

export function toValue(item: Uint8Array): number {
  return Number(Buffer.from(item).toString());
}
