/**
 * A thread beside a worker, which ends it when its parent is gone. A worker notices that by itself, when its connection ends;
 * but not while a handler blocks its event loop, and for an orphan that may be for ever.
 */

import { Worker } from "node:worker_threads";

const MAIN = new URL("./parent-watch-main.js", import.meta.url);

/**
 * @param parent - its process id. An orphan's parent is another process; on Windows it is not, and there the connection alone
 * tells.
 */
export function watchParent(parent: number): void {
  // Without what the worker's options or environment would load into every thread.
  const thread = new Worker(MAIN, { workerData: parent, execArgv: [], env: {} });
  // Where there can be no thread the connection still tells.
  thread.on("error", () => {});
  thread.unref();
}
