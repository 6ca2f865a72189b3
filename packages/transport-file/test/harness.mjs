// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-file/test/harness.mjs`).
import { join } from "node:path";
import { inDirectories } from "@sluice/transport-contract";
import { fileTransport } from "../dist/index.js";

/** @type {(lock: import("../dist/index.js").FileTransportOptions["lock"], lockWaitMs: number) => import("@sluice/transport-contract").Harness} */
const harnessOf = (lock, lockWaitMs) => ({
  ...inDirectories((directory) => fileTransport({ path: join(directory, "buffer"), lock, lockWaitMs })),
  capabilities: fileTransport({ path: "." }).capabilities,
  failpoints: [
    "file.before-write",
    "file.before-commit",
    "file.after-commit",
    "file.before-cut",
    "file.after-cut",
  ],
});

export default harnessOf("proper-lockfile", 100);
// Longer than any process is stopped here: its lock keeps everybody out, and nobody is to give up.
export const flock = harnessOf("flock", 20_000);
