/** What a run looks like at one moment, from its events: who does what, and how far everyone has come. Draws nothing, asks nobody. */

import type { BufferCounts, RunEvent, RunReport, WorkerEnd, WorkerRole } from "@sluice/core";

export type WorkerState =
  | { readonly kind: "starting" | "ready" | "making" | "waiting" | "handling" | "failed" | "killed" }
  | { readonly kind: "restarting"; readonly inMs: number }
  | { readonly kind: "ended"; readonly end: WorkerEnd };

export interface WorkerView {
  readonly name: string;
  readonly role: WorkerRole;
  state: WorkerState;
  /** What it has in hand, as far as that is told. */
  item: string | undefined;
  /** Items put or consumed, over all its lives. */
  done: number;
  failures: number;
  restarts: number;
  waitedMs: number;
}

const NONE = { consumed: 0, dead: 0 };

export class RunView {
  capacity = 0;
  /** Of the buffer, as it was asked last. */
  counts: BufferCounts | undefined;
  isSealed = false;
  startedAt: number | undefined;
  /** When something happened last; in milliseconds since 1970, as the events say. */
  at = 0;
  readonly workers: Map<string, WorkerView> = new Map();
  /** Of the buffer, before this run. */
  before: Pick<BufferCounts, "consumed" | "dead"> | undefined;
  /** What each worker had done when its present life began. */
  readonly #before = new Map<string, number>();
  readonly #inHand = new Map<string, number>();

  see(event: RunEvent): void {
    this.at = Math.max(this.at, event.at);
    if (event.kind === "opened") {
      this.capacity = event.capacity;
      if (event.created) this.before = NONE;
    } else if (event.kind === "started") {
      this.startedAt = event.at;
      for (const worker of this.workers.values()) if (worker.state.kind === "ready") begin(worker);
    } else if (event.kind === "sealed") this.isSealed = true;
    else if ("worker" in event) this.#seeWorker(event);
  }

  seeCounts(counts: BufferCounts): void {
    this.counts = counts;
    // The workers have not begun when it is asked first.
    this.before ??= counts;
  }

  /** How it ended. */
  seeReport(report: RunReport): void {
    const { counts, before = NONE } = this;
    const { remaining, parked, produced, discarded, peak = 0, sealed } = report;
    this.counts = {
      ...(counts ?? { waitingProducers: 0, waitingConsumers: 0 }),
      ready: remaining,
      leased: 0,
      parked,
      peak,
      sealed,
      discarded,
      produced: Math.max(produced, counts?.produced ?? 0),
      consumed: before.consumed + report.consumed,
      dead: before.dead + report.dead,
    };
    for (const { name, outcome, waitedMs } of report.workers) {
      const worker = this.workers.get(name);
      if (worker === undefined) continue;
      // Short waits are in no event, and one that a worker died in has no end there.
      worker.waitedMs = waitedMs;
      if (outcome === "killed") worker.state = { kind: "killed" };
    }
  }

  #seeWorker(event: Extract<RunEvent, { readonly worker: string }>): void {
    const worker = this.#worker(event);
    if (worker === undefined) return;
    const { name, role } = worker;
    switch (event.kind) {
      case "spawned":
        worker.state = { kind: "starting" };
        this.#before.set(name, worker.done);
        return;
      case "ready":
        // The buffer knows better than a producer that was killed could tell.
        if (role === "producer") worker.done = event.lastSequence;
        this.#before.set(name, worker.done);
        worker.state = { kind: "ready" };
        if (this.startedAt !== undefined) begin(worker);
        return;
      case "produced":
        worker.done = this.#doneBefore(name) + event.total;
        worker.state = { kind: "making" };
        return;
      case "waiting":
        worker.state = { kind: "waiting" };
        return;
      case "resumed":
        worker.waitedMs += event.waitedMs;
        if (role === "producer") worker.state = { kind: "making" };
        return;
      case "taken":
        this.#inHand.set(name, event.count);
        worker.item = event.values?.length === 1 ? String(event.values[0]) : undefined;
        worker.state = { kind: "handling" };
        return;
      case "consumed":
        worker.done = this.#doneBefore(name) + event.total;
        this.#putDown(worker, event.count);
        return;
      case "nacked":
        worker.failures++;
        this.#putDown(worker, 1);
        return;
      case "ended":
        worker.state = { kind: "ended", end: event.end };
        return;
      case "failed":
        this.#inHand.delete(name);
        worker.item = undefined;
        worker.state =
          event.restartInMs === undefined
            ? { kind: "failed" }
            : { kind: "restarting", inMs: event.restartInMs };
        return;
      case "restarted":
        worker.restarts = event.restarts;
        return;
      case "output":
      case "exited":
        return;
    }
  }

  #worker(event: Extract<RunEvent, { readonly worker: string }>): WorkerView | undefined {
    const { worker: name } = event;
    const known = this.workers.get(name);
    if (known !== undefined || event.kind !== "spawned") return known;
    const worker: WorkerView = {
      name,
      role: event.role,
      state: { kind: "starting" },
      item: undefined,
      done: 0,
      failures: 0,
      restarts: 0,
      waitedMs: 0,
    };
    this.workers.set(name, worker);
    return worker;
  }

  #doneBefore(name: string): number {
    return this.#before.get(name) ?? 0;
  }

  #putDown(worker: WorkerView, count: number): void {
    const left = Math.max(0, (this.#inHand.get(worker.name) ?? 0) - count);
    this.#inHand.set(worker.name, left);
    if (left > 0) return;
    worker.item = undefined;
    worker.state = { kind: "waiting" };
  }
}

function begin(worker: WorkerView): void {
  worker.state = { kind: worker.role === "producer" ? "making" : "waiting" };
}
