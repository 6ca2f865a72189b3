/**
 * zeromq.js, PUSH to PULL over TCP on the loopback, as its guide has it: each consumer binds a PULL socket, each producer
 * connects one PUSH socket to all of them, and the library deals the items out.
 *
 * The bound is not strict: the high-water mark counts on each side and for each connection, and what the kernel holds
 * for the socket comes on top. An item that was sent is nowhere safe: it is lost with either process.
 *
 * Its native part is not in the workspace: `peers/package.json` has the version.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";

const folder = new URL("../../peers/package.json", import.meta.url);
const INSTALL = "npx -y pnpm@12.21.0 -C apps/bench/peers install --frozen-lockfile";
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
  readonly capacity: number;
  readonly consumers: number;
}

function load(): ZeroMq {
  return createRequire(folder)("zeromq") as ZeroMq;
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

const zeromqTcp: NodeCandidate = {
  name: "zeromq-tcp",
  about:
    "zeromq.js PUSH/PULL over TCP on the loopback, both high-water marks the capacity; it has no batches",
  module: import.meta.url,
  bound: "loose",
  hasBatches: false,
  isDealt: true,
  itemCount: (work) => (work.kind === "round-trip" ? 4_000 : work.capacity === 5 ? 100_000 : 200_000),
  async prepare() {
    try {
      const { version } = createRequire(folder)("zeromq/package.json") as { version: string };
      return { isReady: true, version: `zeromq ${version}, libzmq ${load().version}` };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") {
        return { isReady: false, why: "zeromq is not installed", install: INSTALL };
      }
      return { isReady: false, why: `zeromq does not load: ${(error as Error).message}` };
    }
  },
  async create({ path, capacity, consumers }) {
    mkdirSync(path);
    return { address: { path, capacity, consumers }, destroy: async () => {} };
  },
  start: startNodeWorkers,
  async connect(address) {
    const meeting = address as unknown as Meeting;
    const { Push, Pull } = load();
    const sockets: { close(): void }[] = [];
    return {
      async producer(): Promise<PutEnd> {
        // The mark is per connection: with two consumers, twice as much fits.
        const push = new Push({ ...common, sendHighWaterMark: meeting.capacity });
        sockets.push(push);
        await connectAll(push, meeting);
        return { put: (item) => push.send(item) };
      },
      async consumer(): Promise<TakeEnd> {
        const pull = new Pull({ ...common, receiveHighWaterMark: meeting.capacity });
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

export default zeromqTcp;
