/** A worker in this process that ends the process ends the run with it; by `process.exit(0)` that would pass for success. */

import type { RunExitCode } from "./run-report.js";

const WORKER_CRASHED: RunExitCode = 5;

let unfinished = 0;

function onExit(code: number): void {
  if (code === 0) process.exitCode = WORKER_CRASHED;
}

/** A run begins. Until the function that is returned is called, a process that ends with 0 ends with 5. */
export function unfinishedRun(): () => void {
  if (unfinished++ === 0) process.on("exit", onExit);
  return () => {
    if (--unfinished === 0) process.off("exit", onExit);
  };
}
