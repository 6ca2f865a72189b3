/** A worker in the parent's own process, for a buffer that no other process can open. */

import { ParentLine, work } from "./work.js";
import type { StartWorker, WorkerExit } from "./worker.js";

export const startInProcess: StartWorker = (start, hear) => {
  let heard = true;
  const line = new ParentLine(async (message) => {
    if (heard) hear(message);
  });
  let giveUp: (exit: WorkerExit) => void = () => {};
  const killed = new Promise<WorkerExit>((resolve) => {
    giveUp = resolve;
  });
  // In the next turn, as a process would: the caller has its worker before there are news of it.
  const worked = new Promise<void>((resolve) => setImmediate(resolve)).then(() => work(start, line));
  const exited = Promise.race([
    killed,
    worked.then((succeeded) => ({ code: succeeded ? 0 : 1, signal: null })),
  ]);
  return {
    pid: 0,
    exited,
    send: (message) => line.hear(message),
    kill() {
      // Code in this process cannot be ended from outside: it is told to stop, and not waited for.
      line.hear({ kind: "stop" });
      heard = false;
      giveUp({ code: null, signal: "SIGKILL" });
      return true;
    },
  };
};
