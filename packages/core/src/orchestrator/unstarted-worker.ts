/** A worker that could not be started. */

import type { Worker, WorkerNews } from "./worker.js";
import type { ErrorText, WorkerPlace } from "./worker-messages.js";

/** For whoever waits for it, it is gone in the next turn. */
export function unstartedWorker(place: WorkerPlace, error: Error, hear: (news: WorkerNews) => void): Worker {
  const exited = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    hear({ kind: "failed", error: startError(place, error) });
    return { code: null, signal: null };
  });
  return { pid: 0, exited, send() {}, kill: () => false };
}

export function startError(place: WorkerPlace, { name, message }: Error): ErrorText {
  return { name, message: `The ${place} cannot be started: ${message}` };
}
