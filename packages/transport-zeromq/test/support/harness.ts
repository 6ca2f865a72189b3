/** Places for the contract: a socket in a directory of its own, with or without a journal, or a port that is free. */

import { createServer } from "node:net";
import { join } from "node:path";
import { type Harness, inDirectories } from "@sluice/transport-contract";
import { zeromqTransport } from "../../dist/index.js";

export const ipcHarness: Harness = {
  ...inDirectories((directory) => zeromqTransport({ url: `ipc://${join(directory, "buffer")}` })),
  capabilities: zeromqTransport({ url: "ipc:///somewhere" }).capabilities,
};

export const journalHarness: Harness = {
  ...inDirectories((directory) =>
    zeromqTransport({ url: `ipc://${join(directory, "buffer")}`, journal: join(directory, "journal") }),
  ),
  capabilities: zeromqTransport({ url: "ipc:///somewhere", journal: "/somewhere" }).capabilities,
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
