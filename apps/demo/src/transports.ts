/** The transports that the demo can run over: the adapters among its dependencies. */

import type { BufferTransport } from "@sluice/core";

interface Adapter {
  /** Makes the transport; the path is where a transport with a place on disk puts its buffer. */
  readonly make: (path: string) => Promise<BufferTransport>;
  readonly hasPath: boolean;
}

/** Adding one is a dependency in package.json and a line here. */
export const ADAPTERS: Readonly<Record<string, Adapter>> = {
  file: {
    hasPath: true,
    make: async (path) => (await import("@sluice/transport-file")).fileTransport({ path }),
  },
  memory: { hasPath: false, make: async () => (await import("@sluice/transport-memory")).memoryTransport() },
};

/** What is installed: each by its name, with a transport to look at. It is not opened. */
export async function installed(): Promise<BufferTransport[]> {
  const found = await Promise.all(
    Object.values(ADAPTERS).map((adapter) =>
      adapter.make("somewhere").catch((error) => {
        if (error?.code === "ERR_MODULE_NOT_FOUND") return undefined;
        throw error;
      }),
    ),
  );
  return found.filter((transport) => transport !== undefined);
}
