import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import { describeTransportContract, type Harness } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { shmTransport } from "../dist/index.js";

const directories = new Map<BufferTransport, string>();

const harness: Harness = {
  createTransport() {
    const directory = mkdtempSync(join("/dev/shm", "sluice-contract-"));
    const transport = shmTransport({ name: "buffer", directory });
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
  capabilities: shmTransport({ name: "buffer" }).capabilities,
  failpoints: [
    "shm.before-put-commit",
    "shm.after-put-commit",
    "shm.before-take-commit",
    "shm.after-take-commit",
    "shm.after-take-apply",
    "shm.before-unlock",
  ],
};

describeTransportContract("shm", harness, { describe, test });
