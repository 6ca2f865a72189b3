/** Python's `multiprocessing.Queue(maxsize)`: a pipe behind a semaphore that counts the room. Strict. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Candidate } from "../candidate.js";
import { startUnder } from "../running.js";

const PYTHON = "python3";
// -I: nothing from the environment or the current directory; -S: nor from site-packages, which nothing needs.
const OPTIONS = ["-I", "-S"];
const program = fileURLToPath(new URL("../../src/peers/python-queue.py", import.meta.url));

const pythonQueue: Candidate = {
  name: "python-queue",
  about: "Python's multiprocessing.Queue(capacity); it has no batches",
  module: import.meta.url,
  bound: "strict",
  hasBatches: false,
  itemCount: (work) => (work.kind === "round-trip" ? 4_000 : work.capacity < 1024 ? 40_000 : 100_000),
  async prepare({ signal }) {
    try {
      const { stdout } = await promisify(execFile)(PYTHON, [...OPTIONS, "--version"], { signal });
      return { isReady: true, version: stdout.trim() };
    } catch {
      const why = `there is no ${PYTHON}`;
      return { isReady: false, why, install: "apt-get install --no-install-recommends python3" };
    }
  },
  // The queues are made by the parent of the workers.
  create: async ({ capacity }) => ({ address: capacity, destroy: async () => {} }),
  start(jobs) {
    const addresses = jobs[0]?.addresses ?? [];
    const args = [addresses[0], addresses.length, jobs.length].map(String);
    return startUnder([PYTHON, ...OPTIONS, program, ...args], jobs, false);
  },
};

export default pythonQueue;
