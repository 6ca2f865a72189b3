/**
 * Shares the lines of one input among the producers: each asks for the next few, and gets lines that nobody else gets.
 * What was not asked for stays unread.
 *
 * The wire: the client sends one byte, the server answers with a length (4 bytes, LE) and so many bytes of whole lines, each
 * with its line break; length 0 is the end of the input.
 */

import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { UsageError } from "./args.js";
import { temporaryFolder } from "./temporary-folder.js";

// Small enough that four producers share even a short file evenly, large enough that asking costs little.
const SHARE_BYTES = 2048;
const LINE_BREAK = 0x0a;
// What an item may have: more would be refused when it is put.
const LINE_BYTES_MAX = 64 * 1024;
// What every system takes as a socket's path. Node 20 cuts a longer one off, and so ends up outside the folder.
const SOCKET_PATH_BYTES_MAX = 103;

export interface LineServer {
  /** Where producers connect. */
  readonly address: string;
  /** What went wrong with the input, if anything did. */
  readonly error: () => Error | undefined;
  close(): Promise<void>;
}

export async function serveLines(input: Readable): Promise<LineServer> {
  const shares = sharesOf(input);
  const sockets = new Set<Socket>();
  let error: Error | undefined;
  // One at a time reads on, in the order of the asking.
  let turn: Promise<void> = Promise.resolve();

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // a producer that has gone
    socket.on("data", (asked) => {
      for (let i = 0; i < asked.byteLength; i++) turn = turn.then(() => serve(socket));
    });
  });

  async function serve(socket: Socket): Promise<void> {
    if (socket.destroyed) return;
    try {
      const { value } = await shares.next();
      const share = value ?? Buffer.alloc(0);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(share.byteLength);
      socket.write(Buffer.concat([length, share]));
    } catch (cause) {
      // The producers see their connection end before the input did.
      error ??= cause as Error;
      for (const each of sockets) each.destroy();
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
