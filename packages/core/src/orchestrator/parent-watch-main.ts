/** The thread beside a worker: what `parent-watch.ts` starts. */

import { workerData } from "node:worker_threads";

const LOOK_EVERY_MS = 250;
// A worker that is not blocked is gone by then, and has given back what it held. With the look before, within two seconds on a busy machine too.
const KILL_AFTER_MS = 1400;

const looking = setInterval(() => {
  if (process.ppid === workerData) return;
  clearInterval(looking);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_AFTER_MS);
}, LOOK_EVERY_MS);
