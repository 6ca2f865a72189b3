/** A Redis server of a buffer's own, with every option that matters written out. */

import { mkdirSync } from "node:fs";
import type { Readiness } from "../candidate.js";
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
 * @param isDurable - whether every command is synced to the disk before it is answered; otherwise nothing is written there.
 */
export async function startRedisServer(directory: string, isDurable: boolean): Promise<RedisServer> {
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
