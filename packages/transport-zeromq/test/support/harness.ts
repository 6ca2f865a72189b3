/** Places for the contract: a socket in a directory of its own, or a port that is free. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import type { Harness } from "@sluice/transport-contract";
import { zeromqTransport } from "../../dist/index.js";

const directories = new Map<BufferTransport, string>();

export const ipcHarness: Harness = {
  createTransport() {
    const directory = mkdtempSync(join(tmpdir(), "sluice-zmq-"));
    const transport = zeromqTransport({ url: `ipc://${join(directory, "buffer")}` });
    directories.set(transport, directory);
    return transport;
  },
  cleanup(transport) {
    rmSync(directories.get(transport) as string, { recursive: true, force: true });
    directories.delete(transport);
  },
  leftovers(transport) {
    const directory = directories.get(transport) as string;
    return existsSync(directory) ? readdirSync(directory) : [];
  },
  capabilities: zeromqTransport({ url: "ipc:///somewhere" }).capabilities,
};

export const tcpHarness: Harness = {
  createTransport: async () => zeromqTransport({ url: `tcp://127.0.0.1:${await freePort()}` }),
  capabilities: zeromqTransport({ url: "tcp://127.0.0.1:1" }).capabilities,
};

/** Nobody else has it now; that it stays so is likely, for the system gives out others first. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
