/**
 * A MessagePort between worker threads of one process, which has no bound by itself, with credit: a producer has as many
 * items under way as it has places, and gets a place back for an item that was taken. The places of a buffer are dealt out
 * evenly to the ports between its producers and its consumers, so that the bound is strict, and a producer that has used its
 * own up waits though another may have some left.
 *
 * Threads, and no processes: what ends one by accident, out of memory for one, ends all.
 */

import { fileURLToPath } from "node:url";
import { type MessagePort, workerData } from "node:worker_threads";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startUnder } from "../running.js";
import type { Job } from "../worker-messages.js";
import { shareOf } from "../works.js";
import { ItemInbox } from "./item-inbox.js";

/** One end of the way from one producer to one consumer. */
export interface PortEnd {
  readonly port: MessagePort;
  /** Most items that are under way on it. */
  readonly places: number;
}

/** What each thread is given: by the buffer's path, its ends. */
export type PortsByBuffer = Readonly<Record<string, readonly PortEnd[]>>;

interface Way {
  readonly port: MessagePort;
  places: number;
}

/** Waits while all its places are taken. */
export function creditPutEnd(ends: readonly PortEnd[]): PutEnd {
  let wake: () => void = () => {};
  const ways = ends.map(({ port, places }): Way => ({ port, places }));
  for (const way of ways) {
    way.port.on("message", (places: number) => {
      way.places += places;
      wake();
    });
  }
  let next = 0;
  // The next one in turn that has a place.
  const found = (): Way | undefined => {
    for (let tried = 0; tried < ways.length; tried++) {
      const way = ways[next++ % ways.length] as Way;
      if (way.places > 0) return way;
    }
    return undefined;
  };
  const send = (way: Way, item: Uint8Array) => {
    way.places -= 1;
    // Copied, not handed over: what is moved is detached, and that costs more than 64 bytes do.
    way.port.postMessage(item);
  };
  return {
    put(item) {
      const way = found();
      if (way !== undefined) return send(way, item);
      return new Promise<void>((resolve) => {
        wake = () => {
          wake = () => {};
          send(found() as Way, item);
          resolve();
        };
      });
    },
  };
}

/** Gives places back as it takes. */
export function creditTakeEnd(ends: readonly PortEnd[]): TakeEnd {
  const inbox = new ItemInbox<{ readonly item: Uint8Array; taken(): void }>();
  for (const { port, places } of ends) {
    // Half of them at a time: a message for each would double the messages, and all of them would have the producer wait.
    const atOnce = Math.ceil(places / 2);
    let free = 0;
    const taken = () => {
      free += 1;
      if (free < atOnce) return;
      port.postMessage(free);
      free = 0;
    };
    port.on("message", (item: Uint8Array) => inbox.add({ item, taken }));
  }
  return {
    async take() {
      const { item, taken } = await inbox.take();
      taken();
      return item;
    },
  };
}

/** The places of each port between so many producers and consumers. */
export function placesOf(capacity: number, ports: number): number[] {
  return Array.from({ length: ports }, (_, index) => shareOf(capacity, ports, index));
}

const threads = fileURLToPath(new URL("./message-port-threads.js", import.meta.url));

const messagePort: NodeCandidate = {
  name: "message-port",
  about: "a MessagePort between worker threads, not processes, bounded by credit; it has no batches",
  module: import.meta.url,
  bound: "strict",
  hasBatches: false,
  isDealt: true,
  itemCount: (work) => (work.kind === "round-trip" ? 5_000 : work.capacity < 1024 ? 60_000 : 300_000),
  unsuited: ({ capacity, producers, consumers }) =>
    producers * consumers > capacity ? "needs a place for each producer with each consumer" : undefined,
  create: async ({ path, capacity }) => ({ address: { path, capacity }, destroy: async () => {} }),
  start(jobs) {
    const told = jobs.map(({ role, addresses }): Pick<Job, "role" | "addresses"> => ({ role, addresses }));
    return startUnder([process.execPath, threads, JSON.stringify(told)], jobs, false);
  },
  async connect(address) {
    const { path } = address as unknown as { readonly path: string };
    const ends = (workerData as PortsByBuffer)[path] ?? [];
    return {
      producer: async () => creditPutEnd(ends),
      consumer: async () => creditTakeEnd(ends),
      close: async () => {
        for (const { port } of ends) port.close();
      },
    };
  },
};

export default messagePort;
