import { describeTransportContract, type Harness, inDirectories } from "@sluice/transport-contract";
import { describe, test } from "vitest";
import { shmTransport } from "../dist/index.js";

const harness: Harness = {
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

describeTransportContract("shm", harness, { describe, test });
