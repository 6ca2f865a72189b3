/** One worker under supervision: how far it is, what it has done, and how it ended. Restarts will happen in here. */

import type { BufferAddress } from "../transport.js";
import type { EventStream } from "./event-stream.js";
import type { StartWorker, Worker, WorkerExit, WorkerNews } from "./worker.js";
import {
  type ErrorText,
  NO_TOTALS,
  type ToWorker,
  type WorkerEnd,
  type WorkerJob,
  type WorkerTotals,
} from "./worker-messages.js";

// Of what a worker printed before it crashed, the end is kept for the report.
const LAST_WORDS_MAX = 2000;

/** `failed`: it crashed or could not start. `killed`: it was ended by the run, which had told it to stop. */
export type WorkerOutcome = WorkerEnd | "failed" | "killed";

export class CrewMember {
  readonly job: WorkerJob;
  /** Resolves when it is ready, or gone. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  totals: WorkerTotals = NO_TOTALS;
  outcome: WorkerOutcome | undefined;
  error: ErrorText | undefined;
  exit: WorkerExit | undefined;

  readonly #events: EventStream;
  readonly #worker: Worker;
  readonly #startTimer: NodeJS.Timeout;
  readonly #onFailure: (member: CrewMember) => void;
  #getReady = () => {};
  #hadLastWord = false;
  #end: WorkerEnd | undefined;
  #told: "nothing" | "stop" | "kill" = "nothing";
  #lastWords = "";

  constructor(
    job: WorkerJob,
    address: BufferAddress,
    start: StartWorker,
    events: EventStream,
    startTimeoutMs: number,
    onFailure: (member: CrewMember) => void,
  ) {
    this.job = job;
    this.#events = events;
    this.#onFailure = onFailure;
    this.ready = new Promise((resolve) => {
      this.#getReady = resolve;
    });
    this.#startTimer = setTimeout(() => this.#failToStart(startTimeoutMs), startTimeoutMs);
    this.#worker = start({ job, address }, (news) => this.#hear(news));
    events.emit("spawned", { worker: job.name, role: job.role, pid: this.#worker.pid });
    this.gone = this.#worker.exited.then((exit) => this.#leave(exit));
  }

  /** Whether its account is complete: it ended by itself, and told everything before. */
  get hadLastWord(): boolean {
    return this.#hadLastWord;
  }

  /** Everyone is ready. */
  go(): void {
    this.#send({ kind: "go" });
  }

  /** Asks it to come to its end. Once is enough. */
  stop(): void {
    if (this.#told !== "nothing") return;
    this.#told = "stop";
    this.#send({ kind: "stop" });
  }

  kill(): void {
    if (this.exit !== undefined) return;
    this.#told = "kill";
    this.#worker.kill();
  }

  #send(message: ToWorker): void {
    if (this.exit === undefined) this.#worker.send(message);
  }

  #hear(news: WorkerNews): void {
    const worker = this.job.name;
    switch (news.kind) {
      case "output":
        if (news.stream === "stderr") this.#lastWords = (this.#lastWords + news.text).slice(-LAST_WORDS_MAX);
        this.#events.emit("output", { worker, stream: news.stream, text: news.text });
        return;
      case "ready":
        clearTimeout(this.#startTimer);
        this.#events.emit("ready", { worker, lastSequence: news.lastSequence });
        this.#getReady();
        return;
      case "records":
        this.totals = news.totals;
        for (const record of news.records) this.#events.pass({ worker, ...record });
        return;
      case "ended":
        this.#end = news.end;
        this.#hadLastWord = true;
        return;
      case "failed":
        this.#hadLastWord = true;
        this.#fail(news.error);
        return;
    }
  }

  #leave(exit: WorkerExit): void {
    const worker = this.job.name;
    this.exit = exit;
    clearTimeout(this.#startTimer);
    const complaint = this.#complaint(exit);
    if (this.error === undefined && complaint !== undefined) {
      const printed = this.#lastWords.trim();
      // Of an error that nobody caught Node prints the source first, which says less.
      const lastWords = /^\w*Error\b.*$/m.exec(printed)?.[0] ?? printed;
      const message = lastWords === "" ? complaint : `${complaint}; it last printed: ${lastWords}`;
      this.#fail({ name: "Error", message });
    }
    this.outcome = this.error !== undefined ? "failed" : (this.#end ?? "killed");
    if (this.#end !== undefined && this.error === undefined) {
      this.#events.emit("ended", { worker, end: this.#end });
    }
    this.#events.emit("exited", { worker, ...exit });
    this.#getReady();
  }

  /** What is wrong with the way it went, if anything is. */
  #complaint({ code, signal }: WorkerExit): string | undefined {
    if (this.#told === "kill") return undefined;
    if (signal !== null) return `ended by ${signal}`;
    if (code !== 0) return `exited with code ${code}`;
    if (this.#end === undefined) return "exited with code 0 before its work was done";
    if (this.#end === "stopped" && this.#told === "nothing") return "stopped without having been told to";
    return undefined;
  }

  #failToStart(afterMs: number): void {
    this.#fail({ name: "Error", message: `was not ready within ${afterMs} ms` });
    this.kill();
  }

  #fail(error: ErrorText): void {
    if (this.error !== undefined) return;
    this.error = { code: "WORKER_FAILED", ...error };
    this.#events.emit("failed", { worker: this.job.name, error: this.error });
    this.#onFailure(this);
  }
}
