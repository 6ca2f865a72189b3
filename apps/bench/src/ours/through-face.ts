/** A candidate of any transport of ours: the same calls of core's face, as an application makes them. */

import {
  type BufferAddress,
  type BufferSettings,
  type BufferTransport,
  type BufferWishes,
  bytes,
  type Consumer,
  createBuffer,
  json,
  openAddress,
  type Producer,
  untilNotBusy,
} from "@sluice/core";
import type { Connection, NodeCandidate, Place, PutEnd, ServerUsage, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";

type Described = "name" | "about" | "module" | "isDurable" | "itemCount";

export interface OurCandidate extends Pick<NodeCandidate, Described> {
  transportAt(path: string): BufferTransport;
  readonly wishes: BufferWishes;
  /** Settings beyond the capacity, which an application would give that knows its items. */
  settingsFor?(place: Place): Partial<BufferSettings>;
  /** What the buffer's broker has used so far, of a transport that has one. */
  usageOf?(address: BufferAddress): Promise<ServerUsage>;
  /** Whether an item is an object, which core's `json` codec encodes, and not bytes. Default false. */
  readonly isJson?: boolean;
}

/** What an item is with the `json` codec: its bytes are text. */
type JsonItem = { readonly item: string };

/** What that adds to the bytes of an item: `{"item":""}`. */
export const JSON_BYTES = 11;

export function throughFace(candidate: OurCandidate): NodeCandidate {
  const { transportAt, wishes, settingsFor, usageOf, isJson = false, ...rest } = candidate;
  return {
    ...rest,
    bound: "strict",
    isOurs: true,
    hasBatches: true,
    mayOverlap: true,
    async create(place) {
      const transport = transportAt(place.path);
      const settings = { capacity: place.capacity, ...settingsFor?.(place), ...wishes };
      const buffer = isJson
        ? await createBuffer(transport, { ...settings, codec: json })
        : await createBuffer(transport, { ...settings, codec: bytes });
      return {
        address: { ...buffer.address },
        ...(usageOf && { usage: () => usageOf(buffer.address) }),
        destroy: () => buffer.destroy(),
      };
    },
    start: startNodeWorkers,
    connect: (address) => (isJson ? withJson : withBytes)(address as unknown as BufferAddress),
  };
}

async function withBytes(address: BufferAddress): Promise<Connection> {
  const buffer = await untilNotBusy(() => openAddress(address, { codec: bytes }));
  return {
    producer: async () => putEnd(await buffer.producer()),
    consumer: async () => takeEnd(await buffer.consumer()),
    close: () => buffer.close(),
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

async function withJson(address: BufferAddress): Promise<Connection> {
  const buffer = await untilNotBusy(() => openAddress<JsonItem>(address));
  return {
    producer: async () => jsonPutEnd(await buffer.producer()),
    consumer: async () => jsonTakeEnd(await buffer.consumer()),
    close: () => buffer.close(),
  };
}

function jsonPutEnd(producer: Producer<JsonItem>): PutEnd {
  return {
    put: (item) => producer.put(jsonItemOf(item)),
    putMany: (items) => producer.putMany(items.map(jsonItemOf)),
  };
}

function jsonTakeEnd(consumer: Consumer<JsonItem>): TakeEnd {
  return {
    async take() {
      const { done, value } = await consumer.take();
      return done ? {} : bytesOf(value);
    },
    takeMany: async (max) => (await consumer.takeMany(max)).map(bytesOf),
  };
}

function jsonItemOf({ buffer, byteOffset, byteLength }: Uint8Array): JsonItem {
  return { item: Buffer.from(buffer, byteOffset, byteLength).toString("latin1") };
}

function bytesOf({ item }: JsonItem): Uint8Array {
  return Buffer.from(item, "latin1");
}
