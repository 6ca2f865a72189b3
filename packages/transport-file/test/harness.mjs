// What the contract is run on: by the tests, and by the command (`transport-contract run packages/transport-file/test/harness.mjs`).
import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesInDirectories } from "@sluice/transport-contract";
import { fileTransport } from "../dist/index.js";

/** @type {(lock: import("../dist/index.js").FileTransportOptions["lock"], lockWaitMs: number, parent?: string) => import("@sluice/transport-contract").Harness} */
const harnessOf = (lock, lockWaitMs, parent) => ({
  ...filesInDirectories(
    (directory) => fileTransport({ path: join(directory, "buffer"), lock, lockWaitMs }),
    parent,
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

const PROPER_LOCKFILE = /** @type {const} */ (["proper-lockfile", 100]);
// Longer than any process is stopped here: its lock keeps everybody out, and nobody is to give up.
const FLOCK = /** @type {const} */ (["flock", 20_000]);

export default harnessOf(...PROPER_LOCKFILE);
export const flock = harnessOf(...FLOCK);

// Whoever is killed or told of an error leaves the same in files in memory as on a disk, which would take most of the time.
const MEMORY = "/dev/shm";
const ROOM_BYTES = 256 * 1024 * 1024;
const memory = roomIn(MEMORY) < ROOM_BYTES ? tmpdir() : MEMORY;
export const inMemory = harnessOf(...PROPER_LOCKFILE, memory);
export const flockInMemory = harnessOf(...FLOCK, memory);

/** @param {string} folder */
function roomIn(folder) {
  if (!existsSync(folder)) return 0;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
