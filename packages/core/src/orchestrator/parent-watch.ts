/**
 * A thread beside a worker, which ends it when its parent is gone. A worker notices that by itself, when its connection ends;
 * but not while a handler blocks its event loop, and for an orphan that may be for ever.
 */

import { isMainThread, Worker, workerData } from "node:worker_threads";

const LOOK_EVERY_MS = 250;
// A worker that is not blocked is gone by then, and has given back what it held. With the look before, within two seconds on a busy machine too.
const KILL_AFTER_MS = 1400;

/**
 * @param parent - its process id. An orphan's parent is another process; on Windows it is not, and there the connection alone
 * tells.
 */
export function watchParent(parent: number): void {
  // Without what the worker's options or environment would load into every thread.
  const thread = new Worker(new URL(import.meta.url), { workerData: parent, execArgv: [], env: {} });
  // Where there can be no thread the connection still tells.
  thread.on("error", () => {});
  thread.unref();
}

if (!isMainThread) {
  const looking = setInterval(() => {
    if (process.ppid === workerData) return;
    clearInterval(looking);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_AFTER_MS);
  }, LOOK_EVERY_MS);
}
