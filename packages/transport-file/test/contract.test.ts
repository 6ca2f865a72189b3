import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import type { BufferTransport } from "@sluice/core";
import { describeTransportContract, type Harness } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { fileTransport } from "../dist/index.js";
import { Folder } from "./support/ports.js";

const folders = new Map<BufferTransport, Folder>();
const folderOf = (transport: BufferTransport) => folders.get(transport) as Folder;

const harness: Harness = {
  createTransport() {
    const folder = new Folder(tmpdir());
    const transport = fileTransport({ path: folder.place });
    folders.set(transport, folder);
    return transport;
  },
  cleanup(transport) {
    folderOf(transport)[Symbol.dispose]();
    folders.delete(transport);
  },
  leftovers: (transport) => readdirSync(folderOf(transport).path),
  capabilities: fileTransport({ path: "." }).capabilities,
  failpoints: [
    "file.before-write",
    "file.before-commit",
    "file.after-commit",
    "file.before-cut",
    "file.after-cut",
  ],
};

describeTransportContract("file", harness, { describe, test });
describeTransportContract(
  "file without fsync",
  { ...harness, wishes: { durability: "none" } },
  { describe, test },
);
