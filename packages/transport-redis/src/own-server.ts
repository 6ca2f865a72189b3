/** A server for one program alone, which ends with it: for demonstrations and tests. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
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
// The shell ends the server when nobody is at the other end of its input any more, however the program ended.
const WITH_ITS_PARENT = `command -v "$1" >/dev/null || exit; "$@" & server=$!; exec >/dev/null; cat; kill -9 $server; wait $server`;

/**
 * Starts `redis-server`, or `valkey-server`, where one is installed. It ends with this process, however that ends, and does not
 * keep it. Rejects
 * `TRANSPORT_UNAVAILABLE`, with how to get one.
 *
 * @param socket - the path of its socket, in a directory of the user's own; it listens nowhere else, and keeps nothing.
 */
export async function startOwnServer(socket: string): Promise<OwnServer> {
  for (const program of PROGRAMS) {
    const args = [program, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"];
    const rest = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""];
    const child = spawn("sh", ["-c", WITH_ITS_PARENT, "sh", ...args, ...rest], {
      stdio: ["pipe", "pipe", "ignore"],
      // Not for Ctrl-C, which the program hears: what is inside is still needed then.
      detached: true,
    });
    if (await listens(child)) {
      letGo(child);
      return { url: `unix://${socket}`, stop: () => stop(child) };
    }
    await stop(child);
  }
  throw fault("TRANSPORT_UNAVAILABLE", INSTALL);
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
