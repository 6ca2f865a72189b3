/**
 * Shares the lines of one input among the producers: each asks for the next few, and gets lines that nobody else gets. What was not
 * asked for stays unread. One that is killed and comes back gets again what it had not put.
 */

import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { UsageError } from "./args.js";
import { HandedLines } from "./handed-lines.js";
import { answer, GREETING_BYTES, readGreeting } from "./line-wire.js";
import { temporaryFolder } from "./temporary-folder.js";

// Small enough that four producers share even a short file evenly, large enough that asking costs little.
const SHARE_BYTES = 2048;
const LINE_BREAK = 0x0a;
// What an item may have: more would be refused when it is put.
const LINE_BYTES_MAX = 64 * 1024;
// What every system takes as a socket's path. Node 20 cuts a longer one off, and so ends up outside the folder.
const SOCKET_PATH_BYTES_MAX = 103;

/** What one producer was handed, over all its lives, and where it is. */
interface Handed {
  readonly lines: HandedLines;
  at: Socket;
}

export interface LineServer {
  /** Where producers connect. */
  readonly address: string;
  /** What went wrong with the input, if anything did. */
  readonly error: () => Error | undefined;
  close(): Promise<void>;
}

/** @param underWayMax - most lines that a producer asks for before the first of them is in the buffer. */
export async function serveLines(input: Readable, underWayMax: number): Promise<LineServer> {
  const shares = sharesOf(input);
  const sockets = new Set<Socket>();
  const producers = new Map<number, Handed>();
  let error: Error | undefined;
  // One at a time reads on, in the order of the asking.
  let turn: Promise<void> = Promise.resolve();

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // a producer that has gone
    let greeted: Handed | undefined;
    let unread: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      if (greeted === undefined) {
        if (unread.byteLength < GREETING_BYTES) return;
        greeted = greet(socket, unread);
        unread = unread.subarray(GREETING_BYTES);
      }
      const handed = greeted;
      for (const _ask of unread) turn = turn.then(() => serve(socket, handed));
      unread = Buffer.alloc(0);
    });
  });

  /** From now on the producer is at this socket: one of an earlier life gets nothing more. */
  function greet(socket: Socket, bytes: Buffer): Handed {
    const { producer, lastSequence } = readGreeting(bytes);
    const handed = producers.get(producer) ?? { lines: new HandedLines(underWayMax), at: socket };
    producers.set(producer, handed);
    handed.at = socket;
    turn = turn.then(() => handed.lines.goOnAfter(lastSequence));
    return handed;
  }

  async function serve(socket: Socket, handed: Handed): Promise<void> {
    if (socket.destroyed || handed.at !== socket) return;
    try {
      const again = handed.lines.again();
      if (again !== undefined) return void socket.write(answer(again));
      const { value } = await shares.next();
      if (value === undefined) return void socket.write(answer(Buffer.alloc(0)));
      handed.lines.add(value);
      // Unless it has gone meanwhile: its next life gets them.
      if (handed.at === socket) socket.write(answer(handed.lines.again() as Buffer));
    } catch (cause) {
      // That is the end of the lines, for everyone: nobody who tries again finds it mended.
      error ??= cause as Error;
      socket.write(answer(Buffer.alloc(0)));
    }
  }

  // A folder of our own: nobody else can connect. Windows has names in place of files.
  const folder = temporaryFolder("sluice-lines-");
  const address = process.platform === "win32" ? `\\\\.\\pipe\\${folder}` : join(folder, "lines");
  if (process.platform !== "win32" && Buffer.byteLength(address) > SOCKET_PATH_BYTES_MAX) {
    rmSync(folder, { recursive: true });
    throw new UsageError(
      `TMPDIR names a folder whose path is too long for a socket: ${JSON.stringify(folder)}`,
    );
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      rmSync(folder, { recursive: true, force: true });
      reject(cause);
    });
    server.listen(address, resolve);
  });

  return {
    address,
    error: () => error,
    async close() {
      input.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whole lines, as many as come to about `SHARE_BYTES`, none held back for more to come. */
async function* sharesOf(input: Readable): AsyncGenerator<Buffer, undefined> {
  let begun: Buffer = Buffer.alloc(0); // a line whose end has not come
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let rest: Buffer = begun.byteLength === 0 ? chunk : Buffer.concat([begun, chunk]);
    for (;;) {
      const near = rest.lastIndexOf(LINE_BREAK, SHARE_BYTES - 1);
      const end = near >= 0 ? near : rest.indexOf(LINE_BREAK);
      if (end > LINE_BYTES_MAX || (end < 0 && rest.byteLength > LINE_BYTES_MAX)) {
        throw new Error(`a line of the input is longer than ${LINE_BYTES_MAX} bytes`);
      }
      if (end < 0) break;
      yield rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
    }
    begun = rest;
  }
  if (begun.byteLength > 0) yield Buffer.concat([begun, Buffer.of(LINE_BREAK)]);
  return undefined;
}
