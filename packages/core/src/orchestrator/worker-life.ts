/** One life of a worker: from its start, in whatever it runs, to the end, and what is to be said of it. */

import type { BufferAddress } from "../transport.js";
import type { DurationHistogram } from "./duration-histogram.js";
import type { EventStream } from "./event-stream.js";
import type { NackedItems } from "./nacked-items.js";
import { now } from "./run-events.js";
import { unstartedWorker } from "./unstarted-worker.js";
import type { StartWorker, Worker, WorkerExit, WorkerNews } from "./worker.js";
import {
  type ErrorText,
  type FailedItem,
  NO_TOTALS,
  type ToWorker,
  type WorkerEnd,
  type WorkerJob,
  type WorkerTotals,
} from "./worker-messages.js";

// Of what a worker printed before it crashed, the end is kept for the report.
const LAST_WORDS_MAX = 2000;
// What a terminal sends to everybody in it, or a service manager to all of a service. A worker that runs does not end by them (see
// worker-main.ts).
const SIGNALS_TO_ALL: readonly unknown[] = ["SIGINT", "SIGHUP", "SIGTERM"];

/** What a worker is, and what it is in: the same for all its lives. */
export interface LifeSettings {
  readonly job: WorkerJob;
  readonly address: BufferAddress;
  readonly start: StartWorker;
  readonly events: EventStream;
  readonly startTimeoutMs: number;
}

/** What is kept of a worker, or of its group, over all lives. */
export interface LifeRecords {
  /** Collects how long its items were in the buffer. */
  readonly timesInBuffer: DurationHistogram;
  readonly nacked: NackedItems;
}

export class WorkerLife {
  /** Resolves when it is ready, or gone. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone, and all it told has been heard. */
  readonly gone: Promise<void>;
  totals: WorkerTotals = NO_TOTALS;
  /** How it came to its end by itself; undefined where it did not. */
  end: WorkerEnd | undefined;
  /** What it failed of; decided when it is gone. */
  error: ErrorText | undefined;
  exit: WorkerExit | undefined;
  /** Its account is complete: it told everything before it ended. */
  hadLastWord = false;
  /** What it found its producer id to have put before; undefined until it is ready. */
  lastSequence: number | undefined;
  /** Its module goes on after `lastSequence`. */
  resumes = false;

  readonly #settings: LifeSettings;
  readonly #records: LifeRecords;
  readonly #worker: Worker;
  readonly #startTimer: NodeJS.Timeout;
  #getReady = () => {};
  #told: "nothing" | "stop" | "kill" = "nothing";
  /** The items in its hand that had failed before. */
  #failedInHand: readonly FailedItem[] = [];
  #isKilledOnPurpose = false;
  #lastWords = "";
  /** Since when it waits for room, or for an item, as far as it has told. */
  #waitsSince: number | undefined;

  constructor(settings: LifeSettings, records: LifeRecords) {
    this.#settings = settings;
    this.#records = records;
    const { job, address, start, events, startTimeoutMs } = settings;
    this.ready = new Promise((resolve) => {
      this.#getReady = resolve;
    });
    this.#startTimer = setTimeout(() => this.#failToStart(startTimeoutMs), startTimeoutMs);
    const hear = (news: WorkerNews) => this.#hear(news);
    try {
      this.#worker = start({ job, address }, hear);
    } catch (error) {
      this.#worker = unstartedWorker(job.runIn, error as Error, hear);
    }
    // Not within the call of `startProducers`: nobody can listen yet.
    queueMicrotask(() => events.emit("spawned", { worker: job.name, role: job.role, pid: this.#worker.pid }));
    this.gone = this.#worker.exited.then((exit) => this.#leave(exit));
  }

  /** Everyone is ready. */
  go(): void {
    this.#send({ kind: "go" });
  }

  /** A consumer of its group has crashed. */
  beCareful(): void {
    this.#send({ kind: "careful" });
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

  /** Kills it as an accident would. False where it is gone, or cannot be killed. */
  crash(): boolean {
    if (this.exit !== undefined || this.#worker.pid === 0 || !this.#worker.kill()) return false;
    this.#isKilledOnPurpose = true;
    return true;
  }

  /**
   * It was ended before it was ready by a signal to all: between its fork and its own session it is in the terminal too. That was meant for
   * the parent, which hears it as well, and is no fault of the worker's.
   */
  get wasInterrupted(): boolean {
    return this.lastSequence === undefined && SIGNALS_TO_ALL.includes(this.exit?.signal);
  }

  /** Sequences of the items that were in its hand when it ended, and in the hand of one that died before: they may be why. */
  get suspects(): number[] {
    if (this.#isKilledOnPurpose) return [];
    const { nacked } = this.#records;
    return this.#failedInHand
      .filter(({ sequence, failures }) => failures > nacked.nacksOf(sequence))
      .map(({ sequence }) => sequence);
  }

  #send(message: ToWorker): void {
    if (this.exit === undefined) this.#worker.send(message);
  }

  #hear(news: WorkerNews): void {
    const { job, events } = this.#settings;
    const worker = job.name;
    switch (news.kind) {
      case "output":
        if (news.stream === "stderr") this.#lastWords = (this.#lastWords + news.text).slice(-LAST_WORDS_MAX);
        events.emit("output", { worker, stream: news.stream, text: news.text });
        return;
      case "ready":
        clearTimeout(this.#startTimer);
        this.lastSequence = news.lastSequence;
        this.resumes = news.resumes;
        events.emit("ready", { worker, lastSequence: news.lastSequence });
        this.#getReady();
        return;
      case "records":
        this.totals = news.totals;
        this.#records.timesInBuffer.add(news.timesInBuffer);
        for (const record of news.records) {
          if (record.kind === "waiting") this.#waitsSince = record.at;
          else if (record.kind === "resumed") this.#waitsSince = undefined;
          else if (record.kind === "nacked") this.#records.nacked.add(record.sequence);
          events.pass({ worker, ...record });
        }
        return;
      case "suspects":
        this.#failedInHand = news.items;
        return;
      case "ended":
        this.end = news.end;
        this.hadLastWord = true;
        return;
      case "failed":
        this.hadLastWord = true;
        this.#fail(news.error);
        return;
    }
  }

  #leave(exit: WorkerExit): void {
    this.exit = exit;
    clearTimeout(this.#startTimer);
    this.#endWait();
    const complaint = this.#complaint(exit);
    if (this.error === undefined && complaint !== undefined) {
      const printed = this.#lastWords.trim();
      // Of an error that nobody caught Node prints the source first, which says less.
      const lastWords = /^\w*Error\b.*$/m.exec(printed)?.[0] ?? printed;
      const message = lastWords === "" ? complaint : `${complaint}; it last printed: ${lastWords}`;
      this.#fail({ name: "Error", message });
    }
    this.#getReady();
  }

  /** One that ends in the middle of a wait does not tell how long that was. */
  #endWait(): void {
    if (this.#waitsSince === undefined) return;
    const waitedMs = Math.max(0, now() - this.#waitsSince);
    this.totals = { ...this.totals, waitedMs: this.totals.waitedMs + waitedMs };
  }

  /** What is wrong with the way it went, if anything is. */
  #complaint({ code, signal }: WorkerExit): string | undefined {
    if (this.#told === "kill") return undefined;
    if (signal !== null) return `ended by ${signal}`;
    if (code !== 0) return `exited with code ${code}`;
    if (this.end === undefined) return "exited with code 0 before its work was done";
    if (this.end === "stopped" && this.#told === "nothing") return "stopped without having been told to";
    return undefined;
  }

  #failToStart(afterMs: number): void {
    this.#fail({ name: "Error", message: `was not ready within ${afterMs} ms` });
    this.kill();
  }

  #fail(error: ErrorText): void {
    this.error ??= { code: "WORKER_FAILED", ...error };
  }
}
