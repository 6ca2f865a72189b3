/** A Redis server of a buffer's own: in memory alone, on a loopback port as clients expect it, and gone with the buffer. */

import { execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import type { Readiness, ServerUsage } from "../candidate.js";

const PROGRAM = "redis-server";
const INSTALL = "apt-get install --no-install-recommends redis-server";
/** The first with BLMPOP. */
const VERSION_MIN = 7;

/** Whether it is there, and new enough. */
export async function redisServerReadiness(signal: AbortSignal): Promise<Readiness> {
  try {
    const { stdout } = await promisify(execFile)(PROGRAM, ["--version"], { signal });
    const version = /v=(?<version>\S+)/.exec(stdout)?.groups?.["version"] ?? stdout.trim();
    if (Number.parseInt(version, 10) < VERSION_MIN)
      return { isReady: false, why: `${PROGRAM} is ${version}, and ${VERSION_MIN} is needed` };
    return { isReady: true, version: `${PROGRAM} ${version}` };
  } catch {
    return { isReady: false, why: `there is no ${PROGRAM}`, install: INSTALL };
  }
}

export interface RedisServer {
  /** On 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @param directory - made here, and removed by the benchmark. */
export async function startRedisServer(directory: string): Promise<RedisServer> {
  mkdirSync(directory);
  const port = await freePort();
  const args = [
    ...["--bind", "127.0.0.1", "--port", String(port)],
    // Nothing is written to the disk.
    ...["--save", "", "--appendonly", "no", "--dir", directory],
    ...["--daemonize", "no", "--logfile", ""],
  ];
  const server = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => void server.kill("SIGKILL");
  // No orphan, should the benchmark fail in the meantime.
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => {
    server.once("close", resolve);
    server.once("error", () => resolve());
  });
  const lines = createInterface({ input: server.stdout });
  let last = "it cannot be started";
  const listens = new Promise<true>((resolve) => {
    lines.on("line", (line) => {
      last = line;
      if (/ready to accept connections/i.test(line)) resolve(true);
    });
  });
  if ((await Promise.race([listens, ended])) !== true) {
    process.off("exit", kill);
    throw new Error(`${PROGRAM}: ${last}`);
  }
  return {
    port,
    async stop() {
      // There is nothing that it could save, and a polite end takes it a tenth of a second.
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
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

/** One that was free a moment ago: the server cannot choose, and its start fails if somebody else was quicker. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
