/**
 * A stream socket of the host, each item behind four bytes with its length. Each consumer listens; each producer connects
 * to all of them and sends to one after the other.
 *
 * There is no bound in items: what is under way is what the kernel holds for the socket and what was read ahead. A
 * producer waits when Node says that its own buffer is full, a consumer stops reading when it has much that nobody took.
 */

import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { ItemInbox } from "./item-inbox.js";
import { onlyLarge } from "./only-large.js";

const LISTENS = ".listens";
const LENGTH_BYTES = 4;
const LOOK_AGAIN_MS = 10;
// About as much as a read brings of small items: it never waits for the next read while it has some.
const READ_AHEAD_ITEMS_MAX = 1024;

interface Meeting {
  /** A directory with a socket for each consumer. */
  readonly path: string;
  readonly consumers: number;
}

function putEnd(sockets: readonly Socket[], first: number): PutEnd {
  let next = first;
  return {
    put(item) {
      const socket = sockets[next % sockets.length] as Socket;
      next += 1;
      const frame = Buffer.allocUnsafe(LENGTH_BYTES + item.byteLength);
      frame.writeUInt32LE(item.byteLength);
      frame.set(item, LENGTH_BYTES);
      if (socket.write(frame)) return Promise.resolve();
      return new Promise((resolve) => {
        socket.once("drain", resolve);
      });
    },
  };
}

function receive(socket: Socket, inbox: ItemInbox): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.byteLength - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.byteLength) break;
      inbox.add(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    rest = bytes.subarray(at);
    if (inbox.size >= READ_AHEAD_ITEMS_MAX) {
      socket.pause();
      inbox.onEmpty(() => socket.resume());
    }
  });
}

async function connectAll({ path, consumers }: Meeting): Promise<Socket[]> {
  let names: string[] = [];
  while (names.length < consumers) {
    await sleep(LOOK_AGAIN_MS);
    names = readdirSync(path).filter((name) => name.endsWith(LISTENS));
  }
  return Promise.all(
    names.map((name) => {
      const socket = createConnection(join(path, name));
      return new Promise<Socket>((resolve, reject) => {
        socket.once("connect", () => resolve(socket));
        socket.once("error", reject);
      });
    }),
  );
}

const unixSocket: NodeCandidate = {
  name: "unix-socket",
  about: "a stream socket of the host, items behind their length; it has no batches",
  module: import.meta.url,
  bound: "loose",
  hasBatches: false,
  isDealt: true,
  itemCount: (work) => (work.kind === "round-trip" ? 5_000 : 300_000),
  unsuited: onlyLarge,
  async create({ path, consumers }) {
    mkdirSync(path);
    return { address: { path, consumers }, destroy: async () => {} };
  },
  start: startNodeWorkers,
  async connect(address, { index }) {
    const meeting = address as unknown as Meeting;
    const open: (Socket | Server)[] = [];
    return {
      async producer(): Promise<PutEnd> {
        const sockets = await connectAll(meeting);
        open.push(...sockets);
        return putEnd(sockets, index);
      },
      async consumer(): Promise<TakeEnd> {
        const inbox = new ItemInbox();
        const server = createServer((socket) => receive(socket, inbox));
        open.push(server);
        await new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          server.listen(join(meeting.path, String(index)), resolve);
        });
        // The name is there before anybody listens.
        renameSync(join(meeting.path, String(index)), join(meeting.path, `${index}${LISTENS}`));
        return { take: () => inbox.take() };
      },
      async close() {
        for (const each of open) if ("destroy" in each) each.destroy();
      },
    };
  },
};

export default unixSocket;
