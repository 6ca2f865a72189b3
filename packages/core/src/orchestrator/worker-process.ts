/** A worker in a process of its own. */

import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { inheritedOptions } from "./node-options.js";
import { startError } from "./unstarted-worker.js";
import type { StartWorker, Worker, WorkerExit } from "./worker.js";
import type { FromProcess, WorkerJob } from "./worker-messages.js";

const MAIN = fileURLToPath(new URL("./worker-main.js", import.meta.url));

// After the end of the process its pipes are read to their end, unless a process that it left behind keeps them open.
const PIPES_OPEN_MS = 1000;
// One that has told that it exits has so long for it: Node may wait for itself for ever in its own exit (its issue 54918).
const EXIT_MS = 5000;

export const startProcess: StartWorker = (start, hear) => {
  const child = spawnWorker(start.job);
  let exitTimer: NodeJS.Timeout | undefined;
  /** With which code it would have ended, had it not been killed as it did not. */
  let overdue: number | undefined;
  const expectExit = (code: number) => {
    exitTimer ??= setTimeout(() => {
      if (child.kill("SIGKILL")) overdue = code;
      // Should this be read after the process was seen to end, nothing is left to wait for.
    }, EXIT_MS).unref();
  };
  child.on("message", (message: FromProcess) => {
    if (message.kind === "leaving") expectExit(message.code);
    else hear(message);
  });
  for (const stream of ["stdout", "stderr"] as const) {
    // Always read, so that a worker that prints much is never stopped by a full pipe.
    child[stream]?.setEncoding("utf8").on("data", (text: string) => hear({ kind: "output", stream, text }));
  }

  const exited = new Promise<WorkerExit>((resolve) => {
    let exit: WorkerExit | undefined;
    let open = 2; // the pipes, and the line for messages
    const shut = () => {
      if (--open === 0 && exit !== undefined) resolve(exit);
    };
    const leaveOpen = () => {
      // Read on, for whoever writes there must not be stopped; but that is no reason for this process to stay.
      for (const pipe of [child.stdout, child.stderr] as (Socket | null)[]) pipe?.unref();
      if (exit !== undefined) resolve(exit);
    };
    child.once("close", shut);
    child.once("disconnect", shut);
    child.once("exit", (code, signal) => {
      clearTimeout(exitTimer);
      // One that ended just then by itself did so as it did.
      exit =
        overdue !== undefined && signal === "SIGKILL" ? { code: overdue, signal: null } : { code, signal };
      if (open === 0) resolve(exit);
      else setTimeout(leaveOpen, PIPES_OPEN_MS).unref();
    });
    child.on("error", (error) => {
      if (child.pid !== undefined) return; // a signal or a message that came too late
      hear({ kind: "failed", error: startError("process", error) });
      resolve({ code: null, signal: null });
    });
  });

  const worker: Worker = {
    pid: child.pid ?? 0,
    exited,
    send(message) {
      if (child.connected) child.send(message, () => {}); // one that is gone is noticed by its exit
    },
    kill: () => child.kill("SIGKILL"),
  };
  try {
    worker.send({ kind: "start", start });
  } catch (error) {
    worker.kill(); // what it is to be told cannot be sent
    throw error;
  }
  return worker;
};

/** Most failures of `fork` come as an event, some are thrown. */
function spawnWorker({ name, heapBytesMax, execArgv }: WorkerJob): ChildProcess {
  return fork(MAIN, [name, String(process.pid)], {
    // What the parent runs with holds for its workers too: a loader of TypeScript, for one.
    execArgv: [...inheritedOptions(), ...execArgv, ...heapLimit(heapBytesMax)],
    // Its standard input would be ours: the workers would fight over the lines.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Arguments and values are structured clones, as they are within one process.
    serialization: "advanced",
    // A session of its own: Ctrl-C in the terminal reaches the parent alone, which decides, also while a worker still
    // loads. A worker ends with its parent because it loses the connection. On Windows it would mean a window.
    detached: process.platform !== "win32",
  });
}

function heapLimit(heapBytesMax: number | undefined): string[] {
  return heapBytesMax === undefined ? [] : [`--max-old-space-size=${Math.ceil(heapBytesMax / 2 ** 20)}`];
}
