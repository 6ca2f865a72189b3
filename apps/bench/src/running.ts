/** The processes of a run as the operating system has them: how they are started, and how they ended. */

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Job } from "./worker-messages.js";

export interface Running {
  readonly input: Writable;
  readonly output: Readable;
  /** When the process is gone, and all it had started. */
  readonly ended: Promise<Ending>;
  /** At once, with all it had started. */
  kill(): void;
}

interface Ending {
  readonly endedWell: boolean;
  /** `ended with code 1`, and its last words. */
  readonly how: string;
}

export type Command = readonly [program: string, ...args: string[]];

/** A worker in JavaScript. */
export const nodeWorker: Command = [process.execPath, fileURLToPath(new URL("./worker.js", import.meta.url))];

const STDERR_CHARACTERS_MAX = 1_000;
// What stands before the descriptors of the jobs in a process that starts others.
const FIRST_JOB_DESCRIPTOR = 3;

/** A process for each job. */
export function startEach(jobs: readonly Job[], commandOf: (job: Job) => Command): Running[] {
  return jobs.map((job) => {
    const { child, ended, kill } = start(commandOf(job), ["pipe", "pipe", "pipe"]);
    return { input: child.stdin as Writable, output: child.stdout as Readable, ended, kill };
  });
}

export function startNodeWorkers(jobs: readonly Job[]): Running[] {
  return startEach(jobs, () => nodeWorker);
}

/**
 * One process that starts those of the jobs, for what needs a common parent: it finds the standard input and output of
 * the first job's process at descriptor 3 (one for both), of the second's at 4, and so on; of the last one's, if it does
 * that job itself, at its own. It ends badly if one of them does.
 */
export function startUnder(command: Command, jobs: readonly Job[], doesLastItself: boolean): Running[] {
  const others = doesLastItself ? jobs.slice(0, -1) : jobs;
  const pipes = others.map(() => "pipe" as const);
  const { child, ended, kill } = start(command, ["pipe", "pipe", "pipe", ...pipes]);
  const running = others.map((_, index) => {
    const both = child.stdio[FIRST_JOB_DESCRIPTOR + index] as unknown as Duplex;
    return { input: both, output: both, ended, kill };
  });
  if (!doesLastItself) return running;
  return [...running, { input: child.stdin as Writable, output: child.stdout as Readable, ended, kill }];
}

function start([program, ...args]: Command, stdio: StdioOptions) {
  const child: ChildProcess = spawn(program, args, { stdio });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS_MAX);
  });
  // Of one that has ended; that is heard of by its own event.
  for (const stream of child.stdio) stream?.on("error", () => {});
  const ended = new Promise<Ending>((resolve) => {
    child.once("close", (code, signal) => {
      const last = stderr.trim().split("\n").at(-1) ?? "";
      const how = `ended with ${signal ?? `code ${code}`} ${last}`.trim();
      resolve({ endedWell: code === 0, how });
    });
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ endedWell: false, how: `cannot be started: ${error.message}` });
    });
  });
  return { child, ended, kill: () => void child.kill("SIGKILL") };
}
