/** A candidate of any transport of ours: the same calls of core's face, as an application makes them. */

import {
  type BufferAddress,
  type BufferTransport,
  type BufferWishes,
  bytes,
  type Consumer,
  createBuffer,
  openAddress,
  type Producer,
} from "@sluice/core";
import type { Candidate, PutEnd, TakeEnd } from "../candidate.js";

export interface FaceCandidate extends Pick<Candidate, "name" | "about" | "module" | "itemCount"> {
  transportAt(path: string): BufferTransport;
  readonly wishes: BufferWishes;
}

export function throughFace({ transportAt, wishes, ...rest }: FaceCandidate): Candidate {
  return {
    ...rest,
    hasBatches: true,
    async create(path, capacity) {
      const buffer = await createBuffer(transportAt(path), { capacity, codec: bytes, ...wishes });
      return { address: { ...buffer.address }, destroy: () => buffer.destroy() };
    },
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
    async putMany(items) {
      const accepted = await producer.putMany(items);
      if (accepted !== items.length) throw new Error(`${accepted} of ${items.length} items were accepted`);
    },
  };
}

function takeEnd(consumer: Consumer<Uint8Array>): TakeEnd {
  return {
    async take() {
      const taken = await consumer.take();
      if (taken.done) throw new Error("The end came before the last item");
      return taken.value;
    },
    takeMany: (max) => consumer.takeMany(max),
  };
}
