/** A candidate of any transport of ours: the same calls of core's face, as an application makes them. */

import {
  type BufferAddress,
  type BufferSettings,
  type BufferTransport,
  type BufferWishes,
  bytes,
  type Consumer,
  createBuffer,
  openAddress,
  type Producer,
} from "@sluice/core";
import type { NodeCandidate, Place, PutEnd, ServerUsage, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";

export interface OurCandidate extends Pick<NodeCandidate, "name" | "about" | "module" | "itemCount"> {
  transportAt(path: string): BufferTransport;
  readonly wishes: BufferWishes;
  /** Settings beyond the capacity, which an application would give that knows its items. */
  settingsFor?(place: Place): Partial<BufferSettings>;
  /** What the buffer's broker has used so far, of a transport that has one. */
  usageOf?(address: BufferAddress): Promise<ServerUsage>;
}

export function throughFace(candidate: OurCandidate): NodeCandidate {
  const { transportAt, wishes, settingsFor, usageOf, ...rest } = candidate;
  return {
    ...rest,
    bound: "strict",
    hasBatches: true,
    mayOverlap: true,
    async create(place) {
      const { path, capacity } = place;
      const settings = { capacity, ...settingsFor?.(place) };
      const buffer = await createBuffer(transportAt(path), { ...settings, codec: bytes, ...wishes });
      return {
        address: { ...buffer.address },
        ...(usageOf && { usage: () => usageOf(buffer.address) }),
        destroy: () => buffer.destroy(),
      };
    },
    start: startNodeWorkers,
    async connect(address) {
      const buffer = await openAddress(address as unknown as BufferAddress, { codec: bytes });
      return {
        producer: async () => putEnd(await buffer.producer()),
        consumer: async () => takeEnd(await buffer.consumer()),
        close: () => buffer.close(),
      };
    },
  };
}

function putEnd(producer: Producer<Uint8Array>): PutEnd {
  return {
    put: (item) => producer.put(item),
    putMany: (items) => producer.putMany(items),
  };
}

function takeEnd(consumer: Consumer<Uint8Array>): TakeEnd {
  return {
    take: () => consumer.take(),
    takeMany: (max) => consumer.takeMany(max),
  };
}
