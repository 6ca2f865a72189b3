/**
 * A candidate of any transport of ours, without core's face: its ports, driven directly. What the face costs is the
 * difference. A port answers at once where it can, and that answer is not awaited.
 */

import {
  type BufferAddress,
  type BufferPort,
  bytes,
  type ConsumerPort,
  completeSpec,
  type MaybePromise,
  type Offered,
  type Polled,
  type ProducerPort,
  type TransportModule,
  type Wait,
} from "@sluice/core";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import type { OurCandidate } from "./through-face.js";

export interface PortCandidate extends OurCandidate {
  /** Awaits every call, also one that was answered at once, as those who use the face must. Default false. */
  readonly awaitsAll?: boolean;
}

// As core waits for a call without a time-out and a signal.
const FOR_EVER: Wait = { maxMs: Infinity, signal: new AbortController().signal, onWait: () => {} };

export function throughPort(candidate: PortCandidate): NodeCandidate {
  const { transportAt, wishes, settingsFor, usageOf, awaitsAll = false, ...rest } = candidate;
  return {
    ...rest,
    bound: "strict",
    isOurs: true,
    hasBatches: true,
    async create(place) {
      const { path, capacity } = place;
      const spec = completeSpec({ capacity, ...settingsFor?.(place) }, bytes.name);
      const transport = transportAt(path);
      const address = await transport.create(spec, wishes);
      const port = await transport.open(address);
      return {
        address: { ...address },
        ...(usageOf && { usage: () => usageOf(address) }),
        destroy: () => port.destroy(),
      };
    },
    start: startNodeWorkers,
    async connect(address) {
      const port = await openPort(address as unknown as BufferAddress);
      return {
        async producer() {
          const end = putEnd(await port.producer());
          return awaitsAll ? awaitedPut(end) : end;
        },
        async consumer() {
          const end = takeEnd(await port.consumer());
          return awaitsAll ? awaitedTake(end) : end;
        },
        close: () => port.close(),
      };
    },
  };
}

async function openPort(address: BufferAddress): Promise<BufferPort> {
  const adapter = (await import(address.module)) as TransportModule;
  return adapter.transportAt(address).open(address);
}

function putEnd(port: ProducerPort): Required<PutEnd> {
  let next = port.lastSequence + 1;
  const offer = (items: readonly Uint8Array[]): MaybePromise<undefined> => {
    const offered = port.offer(next, items, FOR_EVER);
    if (offered instanceof Promise || offered.accepted < items.length) return offerRest(items, offered);
    next += offered.accepted;
    return undefined;
  };
  // A part may have been accepted, and returning early is legal.
  const offerRest = async (items: readonly Uint8Array[], first: MaybePromise<Offered>) => {
    let offered = await first;
    for (let rest = items; ; offered = await port.offer(next, rest, FOR_EVER)) {
      if (offered.state === "sealed") throw new Error("The end came before the last item");
      next += offered.accepted;
      rest = rest.slice(offered.accepted);
      if (rest.length === 0) return undefined;
    }
  };
  return { put: (item) => offer([item]), putMany: offer };
}

function takeEnd(port: ConsumerPort): Required<TakeEnd> {
  const pollAgain = async (max: number, first: MaybePromise<Polled>): Promise<Uint8Array[]> => {
    let polled = await first;
    while (polled.deliveries.length === 0) {
      if (polled.state === "drained") throw new Error("The end came before the last item");
      polled = await port.poll(max, FOR_EVER);
    }
    return polled.deliveries.map(({ item }) => item);
  };
  const takeMany = (max: number): MaybePromise<readonly Uint8Array[]> => {
    const polled = port.poll(max, FOR_EVER);
    if (polled instanceof Promise || polled.deliveries.length === 0) return pollAgain(max, polled);
    return polled.deliveries.map(({ item }) => item);
  };
  const firstOf = async (first: MaybePromise<Polled>) => (await pollAgain(1, first))[0] as Uint8Array;
  const take = (): MaybePromise<Uint8Array> => {
    const polled = port.poll(1, FOR_EVER);
    if (polled instanceof Promise) return firstOf(polled);
    return polled.deliveries[0]?.item ?? firstOf(polled);
  };
  return { take, takeMany };
}

// A promise around each answer, for the worker to await.
const awaitedPut = ({ put, putMany }: Required<PutEnd>): PutEnd => ({
  put: async (item) => put(item),
  putMany: async (items) => putMany(items),
});
const awaitedTake = ({ take, takeMany }: Required<TakeEnd>): TakeEnd => ({
  take: async () => take(),
  takeMany: async (max) => takeMany(max),
});
