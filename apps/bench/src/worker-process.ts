/** A worker as its parent sees it. */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromWorker, Job, Report, ToWorker } from "./worker-messages.js";

const program = fileURLToPath(new URL("./worker.js", import.meta.url));
const STDERR_CHARACTERS_MAX = 1_000;

export class WorkerProcess {
  /** Resolves when the buffer is open; rejects if the worker fails before it has reported. */
  readonly ready: Promise<void>;
  /** Rejects as `ready` does. */
  readonly report: Promise<Report>;
  /** Resolves when the process is gone, to whether it ended well. */
  readonly exited: Promise<boolean>;
  readonly #child: ChildProcess;

  constructor(name: string, job: Job) {
    const child = fork(program, { stdio: ["ignore", "ignore", "pipe", "ipc"], serialization: "advanced" });
    this.#child = child;
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    let hasEnded: (endedWell: boolean) => void = () => {};
    this.exited = new Promise((resolve) => {
      hasEnded = resolve;
    });
    const ended = new Promise<never>((_resolve, reject) => {
      child.on("message", (message: FromWorker) => {
        if (message.kind === "failed") reject(new Error(`${name}: ${message.reason}`));
      });
      child.once("close", (code, signal) => {
        const last = stderr.trim().split("\n").at(-1) ?? "";
        reject(new Error(`${name} ended with ${signal ?? `code ${code}`} ${last}`.trim()));
        hasEnded(code === 0);
      });
      child.on("error", (error) => {
        // A message that came too late; how that process ended is heard of by its own event.
        if (child.pid !== undefined) return;
        reject(new Error(`${name} cannot be started: ${error.message}`));
        hasEnded(false);
      });
    });
    this.ready = Promise.race([ended, this.#hear("ready")]).then(() => {});
    this.report = Promise.race([ended, this.#hear("done")]).then(({ report }) => report);
    // Each is awaited by the run, but perhaps only after it has failed by another.
    for (const promise of [this.ready, this.report]) promise.catch(() => {});
    this.#say({ kind: "job", job });
  }

  go(): void {
    this.#say({ kind: "go" });
  }

  end(): void {
    this.#say({ kind: "end" });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #say(message: ToWorker): void {
    this.#child.send(message, () => {});
  }

  #hear<K extends FromWorker["kind"]>(kind: K): Promise<Extract<FromWorker, { kind: K }>> {
    return new Promise((resolve) => {
      this.#child.on("message", (message: FromWorker) => {
        if (message.kind === kind) resolve(message as Extract<FromWorker, { kind: K }>);
      });
    });
  }
}
