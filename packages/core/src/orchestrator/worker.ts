/** One worker as its parent sees it, whatever it runs in. */

import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.js";

export interface WorkerExit {
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: string | null;
}

/** What the parent hears of a worker: its messages, and what it prints. */
export type WorkerNews =
  | FromWorker
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string };

export interface Worker {
  /** 0 for a worker in this process. */
  readonly pid: number;
  send(message: ToWorker): void;
  /** Ends it at once, as far as that can be done from outside. False where it has ended already. */
  kill(): boolean;
  /** Resolves when it is gone and everything it told has been heard. */
  readonly exited: Promise<WorkerExit>;
}

/** Starts a worker, which gets ready and waits for `go`. News come from then on, each once, in order. */
export type StartWorker = (start: WorkerStart, hear: (news: WorkerNews) => void) => Worker;
