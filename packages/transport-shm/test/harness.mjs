// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-shm/test/harness.mjs`).
import { inDirectories } from "@sluice/transport-contract";
import { shmTransport } from "../dist/index.js";

// It names no `directory`: its file is memory, which is damaged only by a process that writes to it, and is not checksummed
// against that; cut off, it ends its readers with SIGBUS. Both are said in the README, and refused where they can be seen.
export default {
  ...inDirectories((directory) => shmTransport({ name: "buffer", directory }), "/dev/shm"),
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
