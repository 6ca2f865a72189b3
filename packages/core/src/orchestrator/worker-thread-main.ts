/** What runs inside a worker's thread. */

import { parentPort, workerData } from "node:worker_threads";
import { printed } from "./printed.js";
import { OutputAhead, sendOutput } from "./thread-output.js";
import { ParentLine, work } from "./work.js";
import type { WorkerNews } from "./worker.js";
import type { ToWorker, WorkerStart } from "./worker-messages.js";

// As in a process: EX_SOFTWARE of sysexits.h.
const EXIT_FAILED = 70;
// Twice: a thread that was kept from running meanwhile has the second time for itself.
const END_MS = 200;

export type ToThread = ToWorker | { readonly kind: "exit" };

export interface ThreadStart {
  readonly start: WorkerStart;
  /** How much of what the thread printed its parent has heard; see `HeardOutput`. */
  readonly heard: SharedArrayBuffer;
}

const { start, heard } = workerData as ThreadStart;
const tell = (news: WorkerNews) => parentPort?.postMessage(news);
const ahead = new OutputAhead(heard);
for (const stream of ["stdout", "stderr"] as const) sendOutput(stream, process[stream], ahead, tell);

const parent = new ParentLine(async (message) => tell(message));
parentPort?.on("message", (message: ToThread) => {
  if (message.kind !== "exit") return parent.hear(message);
  // One that has nothing in hand ends in order meanwhile: zeromq takes it ill to be torn down while it closes.
  parent.hear({ kind: "stop" });
  setTimeout(() => setTimeout(() => process.exit(EXIT_FAILED), END_MS), END_MS);
});

const succeeded = await work(start, parent);
await Promise.all([printed(process.stdout), printed(process.stderr)]);
// Not left to an empty event loop: a timer or socket of the module's would keep the thread for ever.
process.exit(process.exitCode ?? (succeeded ? 0 : EXIT_FAILED));
