/** A memory transport whose ports can be made to fail or lie, for the workers of a run too. */

import type {
  BufferAddress,
  BufferCounts,
  BufferPort,
  BufferTransport,
  ProducerPort,
  Survival,
} from "@sluice/core";
import { memoryTransport } from "./harness.js";

export interface Tricks {
  readonly survives?: readonly Survival[];
  /** Called before each opening; it may throw. */
  readonly opening?: () => void;
  /** In place of a producer's offer; `offer` is the true one. */
  readonly offer?: (offer: ProducerPort["offer"]) => ProducerPort["offer"];
  /** What `counts` answers, given the truth; it may throw. */
  readonly counts?: (counts: BufferCounts) => BufferCounts;
  readonly seal?: (seal: BufferPort["seal"]) => BufferPort["seal"];
  readonly drained?: () => Promise<boolean>;
  readonly destroy?: () => Promise<void>;
}

// Workers open the buffer by its address, which names a module: this one leads back to the wrapped transport.
const WRAPPED: unique symbol = Symbol.for("@sluice/core.test.wrapped");
const MODULE = `data:text/javascript,${encodeURIComponent(
  'export const transportAt = (address) => globalThis[Symbol.for("@sluice/core.test.wrapped")].get(address.place.name);',
)}`;

const known: Map<string, BufferTransport> = new Map();
Reflect.set(globalThis, WRAPPED, known);

export function wrappedTransport(tricks: Tricks): BufferTransport {
  const name = `wrapped-${known.size + 1}`;
  const inner = memoryTransport({ name });
  const transport: BufferTransport = {
    ...inner,
    module: MODULE,
    create: async (spec, wishes) => ours(await inner.create(spec, wishes)),
    open: async (address) => {
      tricks.opening?.();
      const port = await inner.open(address && { ...address, module: inner.module });
      return new Proxy(port, {
        get(target, key: keyof BufferPort) {
          const value = bound(target, key);
          if (key === "address") return ours(port.address);
          if (key === "capabilities" && tricks.survives)
            return { ...port.capabilities, survives: tricks.survives };
          if (key === "counts" && tricks.counts) return async () => tricks.counts?.(await port.counts());
          if (key === "seal" && tricks.seal) return tricks.seal(port.seal.bind(port));
          if (key === "drained" && tricks.drained) return tricks.drained;
          if (key === "destroy" && tricks.destroy) return tricks.destroy;
          if (key === "producer" && tricks.offer) {
            return async (id?: string) => {
              const producer = await port.producer(id);
              const offer = tricks.offer?.(producer.offer.bind(producer));
              return new Proxy(producer, {
                get: (inside, k: keyof ProducerPort) => (k === "offer" ? offer : bound(inside, k)),
              });
            };
          }
          return value;
        },
      });
    },
  };
  known.set(name, transport);
  return transport;
}

function ours(address: BufferAddress): BufferAddress {
  return { ...address, module: MODULE };
}

function bound<T extends object>(target: T, key: keyof T): unknown {
  const value = target[key];
  return typeof value === "function" ? value.bind(target) : value;
}
