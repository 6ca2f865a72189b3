/** A server for one program alone, which ends with it: for demonstrations and tests. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { outOfRange, wrongType } from "@sluice/core";
import { fault } from "./faults.js";

export interface OwnServer {
  /** For `redisTransport`. */
  readonly url: string;
  /** Resolves when it has ended, with all that was in it. */
  stop(): Promise<void>;
}

const PROGRAMS = ["redis-server", "valkey-server"];
const INSTALL =
  "There is no redis-server here: apt-get install redis-server, or give the --url of one that runs";
/** Of a socket's path: `sun_path` of unix(7) has 108 with the one that ends it. */
const SOCKET_BYTES_MAX = 107;
// The shell ends the server when nobody is at the other end of its input any more, however the program ended.
const WITH_ITS_PARENT = `command -v "$1" >/dev/null || exit; "$@" & server=$!; exec >/dev/null; cat; kill -9 $server; wait $server`;
// What a terminal sends to everybody in it. The shell is there too, between its fork and its own session.
const TERMINAL_SIGNALS: readonly unknown[] = ["SIGINT", "SIGHUP"];

/**
 * Starts `redis-server`, or `valkey-server`, where one is installed. It ends with this process, however that ends, and does not
 * keep it. Rejects
 * `TRANSPORT_UNAVAILABLE`, with how to get one; `INVALID_ARGUMENT`, a TypeError or a RangeError.
 *
 * @param socket - the path of its socket, at most 107 bytes, where there is nothing yet, in a directory of the user's own; it listens
 *   nowhere else, and keeps nothing.
 */
export async function startOwnServer(socket: string): Promise<OwnServer> {
  checkSocket(socket);
  for (const program of PROGRAMS) {
    const child = await started(program, socket);
    if (child === undefined) continue;
    letGo(child);
    return { url: `unix://${socket}`, stop: () => stop(child) };
  }
  throw fault("TRANSPORT_UNAVAILABLE", INSTALL);
}

/** Undefined if it ends before it listens. */
async function started(program: string, socket: string): Promise<ChildProcess | undefined> {
  const args = [program, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"];
  const rest = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""];
  for (let isAgain = false; ; isAgain = true) {
    const child = spawn("sh", ["-c", WITH_ITS_PARENT, "sh", ...args, ...rest], {
      stdio: ["pipe", "pipe", "ignore"],
      // Not for Ctrl-C, which the program hears: what is inside is still needed then.
      detached: true,
    });
    if (await listens(child)) return child;
    await stop(child);
    // Once: what ends so each time is no chance.
    if (isAgain || !TERMINAL_SIGNALS.includes(child.signalCode)) return undefined;
  }
}

// A server would take the place of another one's socket.
function checkSocket(socket: string): void {
  const expected = `a path of at most ${SOCKET_BYTES_MAX} bytes where there is nothing yet, in a directory that there is`;
  if (typeof socket !== "string") throw wrongType("`socket`", expected, socket);
  const isFree = existsSync(dirname(socket)) && !existsSync(socket);
  if (!isFree || Buffer.byteLength(socket) > SOCKET_BYTES_MAX) throw outOfRange("`socket`", expected, socket);
}

/** False if it ends before. */
async function listens(child: ChildProcess): Promise<boolean> {
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> });
  return new Promise((resolve) => {
    lines.on("line", (line) => {
      if (/ready to accept connections/i.test(line)) resolve(true);
    });
    // The shell has let go of it: that the server's output ends says that the server has.
    lines.once("close", () => resolve(false));
    child.once("error", () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.ref();
  child.stdin?.end();
  await once(child, "exit");
}

/** A program that has nothing else to do ends, and its server with it. */
function letGo(child: ChildProcess): void {
  for (const one of [child, child.stdin, child.stdout] as ({ unref(): unknown } | null)[]) one?.unref();
}
