import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import type { BufferTransport } from "@sluice/core";
import { describeTransportContract, type Harness } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { fileTransport } from "../dist/index.js";
import { Folder, LOCKS, type LockName } from "./support/folder.js";

const folders = new Map<BufferTransport, Folder>();
const folderOf = (transport: BufferTransport) => folders.get(transport) as Folder;

const harnessOf = (lock: LockName): Harness => ({
  createTransport() {
    const folder = new Folder(tmpdir());
    // Longer than any process is stopped here: with `flock` its lock keeps everybody out, and nobody is to give up.
    const transport = fileTransport({
      path: folder.place,
      lock,
      lockWaitMs: lock === "flock" ? 20_000 : 100,
    });
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
});

for (const lock of LOCKS) {
  const name = lock === "flock" ? "file with flock" : "file";
  const harness = harnessOf(lock);
  describeTransportContract(name, harness, { describe, test });
  describeTransportContract(
    `${name} without fsync`,
    { ...harness, wishes: { durability: "none" } },
    { describe, test },
  );
}
