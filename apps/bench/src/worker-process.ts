/** A worker as its parent sees it. */

import { createInterface } from "node:readline";
import { openPromise } from "./open-promise.js";
import type { Running } from "./running.js";
import type { FromWorker, Job, Report, ToWorker } from "./worker-messages.js";

export class WorkerProcess {
  /** Resolves when the buffer is open; rejects if the worker fails before it has reported. */
  readonly ready: Promise<void>;
  /** Rejects as `ready` does. */
  readonly report: Promise<Report>;
  /** Resolves when it has closed what it had open, or is gone: to whether it ended well. */
  readonly over: Promise<boolean>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  readonly #running: Running;
  #onProgress: (count: number) => void = () => {};

  constructor(name: string, job: Job, running: Running) {
    this.#running = running;
    const ready = openPromise<void>();
    const report = openPromise<Report>();
    const over = openPromise<boolean>();
    const fail = (reason: string) => {
      for (const { reject } of [ready, report]) reject(new Error(reason));
    };
    const lines = createInterface({ input: running.output });
    // It tells the stream's own errors once more, such as that of a pipe whose other end was killed: its end is heard of anyway.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const message = parsed(line);
      switch (message?.kind) {
        case "ready":
          return ready.resolve();
        case "progress":
          return this.#onProgress(message.count);
        case "done":
          return report.resolve(message.report);
        case "closed":
          return over.resolve(true);
        case "failed":
          return fail(`${name}: ${message.reason}`);
        default:
          return fail(`${name} said ${JSON.stringify(line.slice(0, 200))}`);
      }
    });
    this.exited = running.ended.then(({ endedWell, how }) => {
      fail(`${name} ${how}`);
      over.resolve(endedWell);
    });
    this.ready = ready.promise;
    this.report = report.promise;
    this.over = over.promise;
    this.#say({ kind: "job", job });
  }

  go(): void {
    this.#say({ kind: "go" });
  }

  /** Hears how many items it has taken so far, where it does not know how many it is to take. */
  watch(onProgress: (count: number) => void): void {
    this.#onProgress = onProgress;
  }

  stop(): void {
    this.#say({ kind: "stop" });
  }

  end(): void {
    this.#say({ kind: "end" });
  }

  kill(): void {
    this.#running.kill();
    this.#running.input.destroy();
  }

  #say(message: ToWorker): void {
    this.#running.input.write(`${JSON.stringify(message)}\n`);
  }
}

function parsed(line: string): FromWorker | undefined {
  try {
    return JSON.parse(line) as FromWorker;
  } catch {
    return undefined;
  }
}
