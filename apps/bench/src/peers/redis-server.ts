/** A Redis server of a buffer's own, with every option that matters written out. */

import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { Readiness, ServerUsage } from "../candidate.js";
import { freePort, type ServerProcess, serverReadiness, startServer } from "./server-process.js";

const PROGRAM = "redis-server";

export function redisServerReadiness(signal: AbortSignal): Promise<Readiness> {
  return serverReadiness(PROGRAM, { version: [7, 0], why: "the first with BLMPOP" }, signal);
}

export interface RedisServer extends ServerProcess {
  /** On 127.0.0.1. */
  readonly port: number;
}

/**
 * @param directory - made here, and removed by the benchmark.
 * @param isDurable - whether every command is synced to the disk before it is answered; otherwise, which is the default,
 * nothing is written there.
 */
export async function startRedisServer(directory: string, isDurable = false): Promise<RedisServer> {
  mkdirSync(directory);
  const port = await freePort();
  const server = await startServer(
    { program: PROGRAM, listens: /ready to accept connections/i, output: "stdout" },
    [
      ...["--bind", "127.0.0.1", "--port", String(port)],
      ...[
        "--save",
        "",
        "--appendonly",
        isDurable ? "yes" : "no",
        "--appendfsync",
        "always",
        "--dir",
        directory,
      ],
      ...["--daemonize", "no", "--logfile", ""],
    ],
  );
  return { ...server, port };
}

/**
 * The server counts the commands in a script too; a message is a request of a client, or the answer.
 *
 * @param sends - the commands that clients send.
 */
export async function usageOfServer(port: number, sends: readonly string[]): Promise<ServerUsage> {
  const socket = connect(port, "127.0.0.1");
  socket.end("INFO CPU\r\nINFO COMMANDSTATS\r\nQUIT\r\n");
  const info = await text(socket);
  const seconds = figureIn(info, "used_cpu_sys:") + figureIn(info, "used_cpu_user:");
  const requests = sends.reduce((sum, name) => sum + figureIn(info, `cmdstat_${name}:calls=`), 0);
  return { cpuUs: seconds * 1e6, messages: requests * 2 };
}

// A command that was never called is not in it.
function figureIn(info: string, before: string): number {
  const at = info.indexOf(before);
  return at === -1 ? 0 : Number.parseFloat(info.slice(at + before.length));
}
