import { join } from "node:path";
import { describeTransportContract, filesInDirectories, type Harness } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { fileTransport } from "../dist/index.js";
import { LOCKS, type LockName } from "./support/folder.js";

const harnessOf = (lock: LockName): Harness => ({
  // Longer than any process is stopped here: with `flock` its lock keeps everybody out, and nobody is to give up.
  ...filesInDirectories((directory) =>
    fileTransport({ path: join(directory, "buffer"), lock, lockWaitMs: lock === "flock" ? 20_000 : 100 }),
  ),
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
