/** A worker's life, the same in a process of its own and in the parent's: load, open, wait for the others, work, end. */

import { setTimeout as delay } from "node:timers/promises";
import { openAddress } from "../create-buffer.js";
import { untilNotBusy } from "../until-not-busy.js";
import { consume } from "./consume.js";
import { Journal } from "./journal.js";
import { produce } from "./produce.js";
import {
  errorText,
  type FromWorker,
  type ToWorker,
  type WorkerEnd,
  type WorkerStart,
} from "./worker-messages.js";
import {
  type ConsumeFunction,
  loadWorkerModule,
  type ProduceFunction,
  type WorkerContext,
} from "./worker-module.js";

// For the report of how long items are in the buffer. If each carried it, that would cost a third of what a run moves over shared memory.
const STAMP = { everyMs: 5 };

// How long a worker that was told to stop has to finish what it is doing.
const STOP_GRACE_MS = 1000;

/** The worker's end of the line to its parent. */
export class ParentLine {
  /** Resolves when the message no longer depends on this process. */
  readonly send: (message: FromWorker) => Promise<void>;
  /** Resolves at `go`, or at `stop` if that is earlier. */
  readonly go: Promise<void>;
  readonly stop: AbortSignal;
  /** A consumer of the group has crashed. */
  isCareful = false;
  readonly #stopper = new AbortController();
  #begin = () => {};

  constructor(send: (message: FromWorker) => Promise<void>) {
    this.send = send;
    this.stop = this.#stopper.signal;
    this.go = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  hear(message: ToWorker): void {
    if (message.kind === "careful") {
      this.isCareful = true;
      return;
    }
    if (message.kind === "stop") this.#stopper.abort();
    this.#begin();
  }
}

/** Resolves to whether it came to its end without a failure, when everything it told has gone off. Never rejects. */
export async function work({ job, address }: WorkerStart, parent: ParentLine): Promise<boolean> {
  const journal = new Journal(parent.send, job.values);
  const { stop } = parent;
  const atEnd: (() => unknown)[] = [];
  const finish = async () => {
    for (let last = atEnd.pop(); last !== undefined; last = atEnd.pop()) await last();
  };
  try {
    const module = await loadWorkerModule(job.module);
    const settings = { codec: module.codec, leaseMs: job.leaseMs };
    const buffer = await untilNotBusy(() => openAddress(address, settings));
    atEnd.push(() => buffer.close());

    const { index, count, args } = job;
    const contextFrom = (lastSequence: number): WorkerContext => {
      const context = { index, count, args, signal: stop, lastSequence };
      atEnd.push(() => module.close?.(context));
      return context;
    };
    const hooks = (because: "full" | "empty") => ({
      onWait: () => journal.waiting(because),
      onResume: (waitedMs: number) => journal.resumed(because, waitedMs),
    });
    let lastSequence = 0;
    let loop: () => Promise<WorkerEnd>;
    if (job.role === "producer") {
      const register = () =>
        untilNotBusy(() => buffer.producer({ id: job.name, stampPutTime: STAMP, ...hooks("full") }));
      const producer = await register();
      lastSequence = producer.lastSequence;
      const context = contextFrom(lastSequence);
      const main = module.default as ProduceFunction;
      loop = async () => produce(main(context), producer, register, job, journal, stop);
    } else {
      const consumer = await untilNotBusy(() => buffer.consumer(hooks("empty")));
      const context = contextFrom(lastSequence);
      const main = module.default as ConsumeFunction;
      const careful = () => parent.isCareful;
      loop = () => consume(consumer, (item) => main(item, context), job, journal, stop, careful);
    }

    void parent.send({ kind: "ready", lastSequence, resumes: module.resumes === true });
    await parent.go;
    const end = stop.aborted ? "stopped" : await unlessLeftBehind(loop(), stop);
    await finish();
    await journal.flush();
    await parent.send({ kind: "ended", end });
    return true;
  } catch (error) {
    await finish().catch(() => {}); // the first failure is the one to tell
    await journal.flush();
    await parent.send({ kind: "failed", error: errorText(error) });
    return false;
  }
}

/** The work's end, or `stopped` a while after the stop, whatever the work is still at. */
async function unlessLeftBehind(working: Promise<WorkerEnd>, stop: AbortSignal): Promise<WorkerEnd> {
  working.catch(() => {}); // if it fails after it was left behind
  const done = new AbortController();
  const leftBehind = new Promise<WorkerEnd>((resolve) => {
    const wait = () =>
      delay(STOP_GRACE_MS, "stopped" as const, { signal: done.signal }).then(resolve, () => {});
    stop.addEventListener("abort", wait, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([working, leftBehind]);
  } finally {
    done.abort();
  }
}
