/** The transports of the matrix, each at a place of its own, and what of them the outcomes depend on. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type BufferTransport, isBufferError } from "@sluice/core";

/** A transport with the options that make a difference here. */
export type TransportName =
  | "file"
  | "file-flock"
  | "shm"
  | "zeromq"
  | "zeromq-journal"
  | "redis"
  | "nats"
  | "memory";

export interface MatrixTransport {
  readonly name: TransportName;
  /** As a heading of the table. */
  readonly title: string;
  /** Where folders for its buffers are made. */
  readonly root: string;
  /** Its workers are processes; otherwise its reach is the process, and they are in the orchestrator's. */
  readonly hasProcesses: boolean;
  /** A broker of its own is between the workers. */
  readonly hasBroker: boolean;
  /** A buffer is still there when its run, or all that was started for it, has ended. */
  readonly outlives: boolean;
  /** Where nobody notices a death: what the dead held comes back after so long. */
  readonly leaseMs?: number;
  /** Tried only where `SLUICE_MATRIX=whole` asks for it: CI has no time for it. */
  readonly isOnDemand?: true;
  /** Starts the server that it needs, for this process and those that it starts. */
  readonly prepare?: () => Promise<void>;
  /** Whether a buffer is kept, of a transport that keeps none in its folder. */
  readonly isKept?: (folder: string) => Promise<boolean>;
  /** The name of what is in its folder where a buffer is kept; undefined where none ever is. */
  readonly kept: string | undefined;
  /**
   * Loads no more than its own adapter: an orchestrator that needs one does not wait for all.
   *
   * @param folder - of this buffer's own.
   */
  readonly make: (folder: string) => Promise<BufferTransport>;
}

/** Its buffers are told apart by the names of their folders. */
async function redisAt(folder: string): Promise<BufferTransport> {
  const { redisTransport } = await import("@sluice/transport-redis");
  return redisTransport({ name: basename(folder) });
}

async function natsAt(folder: string): Promise<BufferTransport> {
  const { natsTransport } = await import("@sluice/transport-nats");
  return natsTransport({ name: basename(folder) });
}

/** Removed when this process ends. */
function serverFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-matrix-server-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Each transport looks into its variable, here and in the processes that are started from here.
async function redisServer(): Promise<void> {
  const { startOwnServer } = await import("@sluice/transport-redis");
  process.env["SLUICE_REDIS_URL"] = (await startOwnServer(join(serverFolder(), "socket"))).url;
}

async function natsServer(): Promise<void> {
  const { startOwnServer } = await import("@sluice/transport-nats");
  process.env["SLUICE_NATS_URL"] = (await startOwnServer(join(serverFolder(), "server"))).url;
}

/** Of a transport that keeps buffers in a server. */
async function isKeptBy(transport: BufferTransport): Promise<boolean> {
  try {
    await (await transport.open()).close();
    return true;
  } catch (error) {
    if (isBufferError(error, "BUFFER_NOT_FOUND")) return false;
    throw error;
  }
}

const url = (folder: string) => `ipc://${join(folder, "buffer")}`;

export const TRANSPORTS: readonly MatrixTransport[] = [
  {
    name: "file",
    title: "file, proper-lockfile",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: false,
    outlives: true,
    kept: "buffer",
    make: async (folder) =>
      (await import("@sluice/transport-file")).fileTransport({ path: join(folder, "buffer") }),
  },
  {
    name: "file-flock",
    title: "file, flock",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: false,
    outlives: true,
    kept: "buffer",
    make: async (folder) =>
      (await import("@sluice/transport-file")).fileTransport({ path: join(folder, "buffer"), lock: "flock" }),
  },
  {
    name: "shm",
    title: "shm",
    root: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
    hasProcesses: true,
    hasBroker: false,
    outlives: true,
    kept: "buffer",
    make: async (folder) => {
      const path = join(folder, "buffer");
      const { shmTransport } = await import("@sluice/transport-shm");
      return shmTransport({ name: basename(path), directory: dirname(path) });
    },
  },
  {
    name: "zeromq",
    title: "zeromq",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: true,
    outlives: false,
    kept: undefined,
    make: async (folder) =>
      (await import("@sluice/transport-zeromq")).zeromqTransport({ url: url(folder), broker: "process" }),
  },
  {
    name: "zeromq-journal",
    title: "zeromq with a journal",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: true,
    outlives: true,
    kept: "journal",
    make: async (folder) => {
      const { zeromqTransport } = await import("@sluice/transport-zeromq");
      return zeromqTransport({ url: url(folder), broker: "process", journal: join(folder, "journal") });
    },
  },
  {
    name: "redis",
    title: "redis",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: false,
    outlives: true,
    kept: undefined,
    leaseMs: 1_000,
    prepare: redisServer,
    isKept: async (folder) => isKeptBy(await redisAt(folder)),
    make: redisAt,
  },
  {
    name: "nats",
    title: "nats",
    root: tmpdir(),
    hasProcesses: true,
    hasBroker: false,
    outlives: true,
    kept: undefined,
    leaseMs: 1_000,
    isOnDemand: true,
    prepare: natsServer,
    isKept: async (folder) => isKeptBy(await natsAt(folder)),
    make: natsAt,
  },
  {
    name: "memory",
    title: "memory",
    root: tmpdir(),
    hasProcesses: false,
    hasBroker: false,
    outlives: false,
    kept: undefined,
    make: async () => (await import("@sluice/transport-memory")).memoryTransport(),
  },
];

/** Those that can be had here, their servers started; why the others cannot is printed. Once in a process. */
export async function preparedTransports(): Promise<readonly MatrixTransport[]> {
  const found = await Promise.all(
    TRANSPORTS.map(async (transport) => {
      if (transport.isOnDemand && process.env["SLUICE_MATRIX"] !== "whole") {
        console.log(`Nothing is tried over ${transport.name} here: SLUICE_MATRIX=whole asks for it`);
        return [];
      }
      try {
        await transport.prepare?.();
        return [transport];
      } catch (error) {
        if (!isBufferError(error, "TRANSPORT_UNAVAILABLE") || process.env["SLUICE_REQUIRE_REDIS"])
          throw error;
        console.log(`Nothing is tried over ${transport.name} here: ${error.message}`);
        return [];
      }
    }),
  );
  return found.flat();
}

export function transportNamed(name: TransportName): MatrixTransport {
  const found = TRANSPORTS.find((transport) => transport.name === name);
  if (found === undefined) throw new RangeError(`There is no transport ${name}`);
  return found;
}
