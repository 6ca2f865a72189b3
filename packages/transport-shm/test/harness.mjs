// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-shm/test/harness.mjs`).
import { inDirectories } from "@sluice/transport-contract";
import { shmTransport } from "../dist/index.js";

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
