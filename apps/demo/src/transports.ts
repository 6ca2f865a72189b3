/** The transports that the demo can run over: the adapters among its dependencies. */

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { BufferError, type BufferTransport, isBufferError } from "@sluice/core";
import { UsageError } from "./args.js";

export interface Adapter {
  readonly name: string;
  /** Where the demo makes a place for a buffer; undefined where buffers have no path. */
  readonly folder: string | undefined;
  /** Whether a buffer is still there when the demo has ended. */
  readonly outlives: boolean;
  /** What there is to say of its medium, beside its name. */
  readonly note?: string;
  /** Makes the transport for this place. */
  readonly make: (path: string) => Promise<BufferTransport>;
}

/** Adding one is a dependency in package.json and a line here. */
const ADAPTERS: readonly Adapter[] = [
  {
    name: "file",
    folder: tmpdir(),
    outlives: true,
    make: async (path) => (await import("@sluice/transport-file")).fileTransport({ path }),
  },
  {
    name: "shm",
    folder: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
    outlives: true,
    make: async (path) =>
      (await import("@sluice/transport-shm")).shmTransport({
        name: basename(path),
        directory: dirname(path),
      }),
  },
  {
    name: "zeromq",
    folder: tmpdir(),
    outlives: false,
    note: "memory only",
    make: async (path) =>
      (await import("@sluice/transport-zeromq")).zeromqTransport({
        url: `ipc://${resolve(path)}`,
        broker: "process",
      }),
  },
  {
    name: "memory",
    folder: undefined,
    outlives: false,
    make: async () => (await import("@sluice/transport-memory")).memoryTransport(),
  },
];

/** @throws UsageError if there is none of this name. */
export function adapterNamed(name: string): Adapter {
  const adapter = ADAPTERS.find((each) => each.name === name);
  if (adapter !== undefined) return adapter;
  const names = ADAPTERS.map((each) => each.name).join(", ");
  throw new UsageError(`--transport must be one of ${names}, got ${JSON.stringify(name)}`);
}

/** @throws BufferError `TRANSPORT_UNAVAILABLE` if the adapter cannot be loaded, and what its factory finds wrong. */
export async function transportOf({ name, make }: Adapter, path: string): Promise<BufferTransport> {
  try {
    return await make(path);
  } catch (cause) {
    if (isBufferError(cause)) throw cause;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new BufferError("TRANSPORT_UNAVAILABLE", `The ${name} transport cannot be loaded: ${why}`, {
      cause,
    });
  }
}

/** What is installed: a transport of each, to look at. It is not opened. */
export async function installed(): Promise<BufferTransport[]> {
  const found = await Promise.all(
    ADAPTERS.map((adapter) =>
      transportOf(adapter, "./somewhere").catch((error) => {
        if (isBufferError(error, "TRANSPORT_UNAVAILABLE")) return undefined;
        throw error;
      }),
    ),
  );
  return found.filter((transport) => transport !== undefined);
}
