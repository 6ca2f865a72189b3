/** The transports that the demo can run over: the adapters among its dependencies. */

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { BufferError, type BufferTransport, isBufferError } from "@sluice/core";
import { UsageError } from "./args.js";

/** Started for one run. */
export interface OwnServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where the buffer is to be. */
export interface Medium {
  readonly path: string;
  readonly url?: string | undefined;
  readonly journal?: string | undefined;
}

export interface Adapter {
  readonly name: string;
  /** Where the demo makes a place for a buffer; undefined where buffers have no path. */
  readonly folder: string | undefined;
  /** Whether a buffer is still there when the demo has ended. */
  readonly outlives: boolean;
  /** What there is to say of its medium, beside its name. */
  readonly note?: string;
  /** It does not see that a worker is dead: what that one held comes back with its lease. */
  readonly seesNoDeath?: true;
  /** Its buffers are for the workers of one process. */
  readonly isOneProcess?: true;
  /** It has a broker, which listens at a url and may keep a journal. */
  readonly hasBroker?: true;
  /** It needs a server; without a url one is started at this path, for this run alone. */
  readonly startServer?: (path: string) => Promise<OwnServer>;
  /** What its guarantees depend on, for the list. */
  readonly more?: string;
  /** Makes the transport for this place. */
  readonly make: (medium: Medium) => Promise<BufferTransport>;
}

/** Adding one is a dependency in package.json and a line here. */
const ADAPTERS: readonly Adapter[] = [
  {
    name: "file",
    folder: tmpdir(),
    outlives: true,
    make: async ({ path }) => (await import("@sluice/transport-file")).fileTransport({ path }),
  },
  {
    name: "shm",
    folder: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
    outlives: true,
    make: async ({ path }) =>
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
    hasBroker: true,
    more: "with --journal also authority and power-loss; with an address of a network (--url, and keys) reach network",
    make: async ({ path, url, journal }) =>
      (await import("@sluice/transport-zeromq")).zeromqTransport({
        url: url ?? `ipc://${resolve(path)}`,
        // With a journal a thread, which has left its place before the demo tidies up.
        ...(journal === undefined ? { broker: "process" } : { journal: resolve(journal) }),
      }),
  },
  {
    name: "redis",
    folder: tmpdir(),
    outlives: false,
    note: "memory only",
    seesNoDeath: true,
    startServer: async (path) => (await import("@sluice/transport-redis")).startOwnServer(path),
    more: "as the server is set: authority with appendonly, power-loss with appendfsync always; host-loss with a replica that confirms",
    make: async ({ url = "redis://127.0.0.1" }) => {
      const { server, name } = placeAtServer(url);
      // Its secrets are in no address: the workers have them from here.
      process.env["SLUICE_REDIS_URL"] = server;
      return (await import("@sluice/transport-redis")).redisTransport({ url: server, name });
    },
  },
  {
    name: "nats",
    folder: tmpdir(),
    outlives: false,
    note: "in a server of its own",
    seesNoDeath: true,
    startServer: async (path) => (await import("@sluice/transport-nats")).startOwnServer(path),
    more: "with replicas: 3, on three servers, also host-loss",
    make: async ({ url = "nats://127.0.0.1" }) => {
      const { server, name } = placeAtServer(url);
      // Its secrets are in no address: the workers have them from here.
      process.env["SLUICE_NATS_URL"] = server;
      return (await import("@sluice/transport-nats")).natsTransport({ url: server, name });
    },
  },
  {
    name: "memory",
    folder: undefined,
    outlives: false,
    isOneProcess: true,
    make: async () => (await import("@sluice/transport-memory")).memoryTransport(),
  },
];

/** The name of a buffer stands behind its server, as `#name`; one that is not given is the demo's. */
function placeAtServer(url: string): { readonly server: string; readonly name: string } {
  const [server = "", name = ""] = url.split("#");
  try {
    return { server, name: name === "" ? "demo" : decodeURIComponent(name) };
  } catch {
    throw new UsageError(`--url needs a percent-encoded name behind its #, got ${JSON.stringify(name)}`);
  }
}

/** @throws UsageError if there is none of this name. */
export function adapterNamed(name: string): Adapter {
  const adapter = ADAPTERS.find((each) => each.name === name);
  if (adapter !== undefined) return adapter;
  const names = ADAPTERS.map((each) => each.name).join(", ");
  throw new UsageError(`--transport must be one of ${names}, got ${JSON.stringify(name)}`);
}

/** @throws BufferError `TRANSPORT_UNAVAILABLE` if the adapter cannot be loaded, and what its factory finds wrong. */
export async function transportOf({ name, make }: Adapter, medium: Medium): Promise<BufferTransport> {
  try {
    return await make(medium);
  } catch (cause) {
    if (isBufferError(cause) || cause instanceof UsageError) throw cause;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new BufferError("TRANSPORT_UNAVAILABLE", `The ${name} transport cannot be loaded: ${why}`, {
      cause,
    });
  }
}

export interface Installed extends Pick<BufferTransport, "name" | "capabilities"> {
  readonly more?: string;
}

/** What is installed: a transport of each, to look at. It is not opened. */
export async function installed(): Promise<Installed[]> {
  const found = await Promise.all(
    ADAPTERS.map(async (adapter) => {
      try {
        const { name, capabilities } = await transportOf(adapter, { path: "./somewhere" });
        return { name, capabilities, ...(adapter.more && { more: adapter.more }) };
      } catch (error) {
        if (isBufferError(error, "TRANSPORT_UNAVAILABLE")) return undefined;
        throw error;
      }
    }),
  );
  return found.filter((one) => one !== undefined);
}
