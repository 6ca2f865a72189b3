/** A worker in a thread of this process. */

import { Worker as Thread } from "node:worker_threads";
import { HeardOutput } from "./thread-output.js";
import type { StartWorker, Worker, WorkerExit, WorkerNews } from "./worker.js";
import type { ThreadStart, ToThread } from "./worker-thread-main.js";

// A thread that can still hear ends itself: to be torn down from outside some native modules answer by ending the process, zeromq's
// for one. So long that only one that is blocked does not, however busy the machine is.
const EXIT_GRACE_MS = 2_000;

const MAIN = new URL("./worker-thread-main.js", import.meta.url);

export const startThread: StartWorker = (start, hear) => {
  const { name, heapBytesMax, execArgv } = start.job;
  const heard = new HeardOutput();
  const thread = new Thread(MAIN, {
    name,
    workerData: { start, heard: heard.shared } satisfies ThreadStart,
    stdout: true,
    stderr: true,
    // Left out, it takes over those of this process, and passes over what a thread cannot have; named, it refuses that.
    ...(execArgv.length === 0 ? {} : { execArgv: [...process.execArgv, ...execArgv] }),
    ...(heapBytesMax === undefined
      ? {}
      : { resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapBytesMax / 2 ** 20) } }),
  });
  const print = (stream: "stdout" | "stderr", text: string) => hear({ kind: "output", stream, text });
  for (const stream of ["stdout", "stderr"] as const) {
    // Only what is printed before its own program runs, by what `execArgv` loads.
    thread[stream].setEncoding("utf8").on("data", (text: string) => print(stream, text));
  }
  thread.on("message", (news: WorkerNews) => {
    if (news.kind === "output") heard.add(news);
    hear(news);
  });
  // What nobody caught in a thread it does not print itself.
  thread.on("error", (error) => print("stderr", `${error instanceof Error ? error.stack : error}\n`));
  let isKilled = false;
  let hasEnded = false;
  const exited = new Promise<WorkerExit>((resolve) => {
    thread.once("exit", (code) => {
      hasEnded = true;
      // What it printed last is read in this turn.
      setImmediate(() => resolve(isKilled ? { code: null, signal: "SIGKILL" } : { code, signal: null }));
    });
  });
  const worker: Worker = {
    pid: process.pid,
    exited,
    send: (message) => thread.postMessage(message),
    kill() {
      if (hasEnded) return false;
      isKilled = true;
      thread.postMessage({ kind: "exit" } satisfies ToThread);
      const terminating = setTimeout(() => void thread.terminate(), EXIT_GRACE_MS);
      thread.once("exit", () => clearTimeout(terminating));
      return true;
    },
  };
  return worker;
};
