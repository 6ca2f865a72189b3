/**
 * zeromq.js, PUSH to PULL over TCP on the loopback, as its guide has it: each consumer binds a PULL socket, each producer
 * connects one PUSH socket to all of them, and the library deals the items out.
 *
 * No bound is strict: a high-water mark counts on each side and for each connection, and what the kernel holds for the
 * socket comes on top. An item that was sent is nowhere safe: it is lost with either process.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { loadPeer, peerReadiness } from "./peer-package.js";

const LOOK_AGAIN_MS = 10;

/** What is used of zeromq.js. */
interface ZeroMq {
  readonly version: string;
  readonly Push: new (options: SocketOptions & { sendHighWaterMark: number }) => Push;
  readonly Pull: new (options: SocketOptions & { receiveHighWaterMark: number }) => Pull;
}

interface SocketOptions {
  readonly linger: number;
}

interface Push {
  readonly events: { on(type: "handshake", listener: () => void): void };
  connect(address: string): void;
  send(item: Uint8Array): Promise<void>;
  close(): void;
}

interface Pull {
  readonly lastEndpoint: string | null;
  bind(address: string): Promise<void>;
  receive(): Promise<[Uint8Array]>;
  close(): void;
}

interface Meeting {
  /** A directory with a file for each consumer, which has the address that it has bound. */
  readonly path: string;
  readonly highWaterMark: number;
  readonly consumers: number;
}

export interface PushPullCandidate
  extends Pick<NodeCandidate, "name" | "about" | "module" | "bound" | "itemCount" | "unsuited"> {
  /** Of each socket, in items; 0 is no limit. */
  highWaterMark(capacity: number): number;
}

// Everything was received before a socket is closed, so there is nothing to linger for.
const common: SocketOptions = { linger: 0 };

async function connectAll(push: Push, { path, consumers }: Meeting): Promise<void> {
  let handshakes = 0;
  const connected = new Promise<void>((resolve) => {
    push.events.on("handshake", () => {
      handshakes += 1;
      if (handshakes === consumers) resolve();
    });
  });
  let addresses: string[] = [];
  while (addresses.length < consumers) {
    await sleep(LOOK_AGAIN_MS);
    addresses = readdirSync(path).filter((name) => name.endsWith(".bound"));
  }
  for (const name of addresses) push.connect(readFileSync(join(path, name), "utf8"));
  await connected;
}

async function bindOne(pull: Pull, { path }: Meeting): Promise<void> {
  // Any free port.
  await pull.bind("tcp://127.0.0.1:*");
  const file = join(path, String(process.pid));
  writeFileSync(file, pull.lastEndpoint ?? "");
  renameSync(file, `${file}.bound`);
}

export function zeromqPushPull({ highWaterMark, ...candidate }: PushPullCandidate): NodeCandidate {
  return {
    ...candidate,
    hasBatches: false,
    isDealt: true,
    prepare: async () => peerReadiness<ZeroMq>("zeromq", ({ version }) => `, libzmq ${version}`),
    async create({ path, capacity, consumers }) {
      mkdirSync(path);
      const address = { path, highWaterMark: highWaterMark(capacity), consumers };
      return { address, destroy: async () => {} };
    },
    start: startNodeWorkers,
    async connect(address) {
      const meeting = address as unknown as Meeting;
      const { Push, Pull } = loadPeer<ZeroMq>("zeromq");
      const sockets: { close(): void }[] = [];
      return {
        async producer(): Promise<PutEnd> {
          // The mark is per connection: with two consumers, twice as much fits.
          const push = new Push({ ...common, sendHighWaterMark: meeting.highWaterMark });
          sockets.push(push);
          await connectAll(push, meeting);
          return { put: (item) => push.send(item) };
        },
        async consumer(): Promise<TakeEnd> {
          const pull = new Pull({ ...common, receiveHighWaterMark: meeting.highWaterMark });
          sockets.push(pull);
          await bindOne(pull, meeting);
          return {
            async take() {
              const [item] = await pull.receive();
              return item;
            },
          };
        },
        async close() {
          for (const socket of sockets) socket.close();
        },
      };
    },
  };
}
