/** A NATS server with JetStream, of a buffer's own, with every option that matters written out. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readiness, ServerUsage } from "../candidate.js";
import { freePort, type ServerProcess, serverReadiness, startServer } from "./server-process.js";

const PROGRAM = "nats-server";

/** @param isDurable - whether it must be able to sync every message. */
export function natsServerReadiness(isDurable: boolean, signal: AbortSignal): Promise<Readiness> {
  const min = isDurable
    ? ({ version: [2, 10], why: "the first with sync_interval" } as const)
    : ({ version: [2, 9], why: "no older one was tried" } as const);
  return serverReadiness(PROGRAM, min, signal);
}

export interface NatsServer extends ServerProcess {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly usage: () => Promise<ServerUsage>;
}

/**
 * @param directory - made here, and removed by the benchmark.
 * @param isDurable - whether every message is synced to the disk before it is acknowledged; otherwise it syncs when it
 * likes, and a stream may be in memory.
 */
export async function startNatsServer(directory: string, isDurable: boolean): Promise<NatsServer> {
  mkdirSync(directory);
  const [port, monitorPort] = [await freePort(), await freePort()];
  const config = join(directory, "server.conf");
  writeFileSync(
    config,
    [
      `listen: "127.0.0.1:${port}"`,
      `http: "127.0.0.1:${monitorPort}"`,
      "jetstream {",
      `  store_dir: ${JSON.stringify(join(directory, "store"))}`,
      "  max_memory_store: 4GB",
      "  max_file_store: 4GB",
      ...(isDurable ? ["  sync_interval: always"] : []),
      "}",
      "",
    ].join("\n"),
  );
  const server = await startServer({ program: PROGRAM, listens: /Server is ready/, output: "stderr" }, [
    "--config",
    config,
  ]);
  return { ...server, port, usage: () => messagesOf(monitorPort) };
}

async function messagesOf(monitorPort: number): Promise<ServerUsage> {
  const answer = await fetch(`http://127.0.0.1:${monitorPort}/varz`);
  const { in_msgs, out_msgs } = (await answer.json()) as { in_msgs: number; out_msgs: number };
  return { messages: in_msgs + out_msgs };
}
