/** A store, as one handle sees it: what the ports decide by, commit through, and wait on. */

import { isBufferError, type MaybePromise, type Wait } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { Decide } from "./decision.js";
import type { Commits, Log, Payload, WaitCounts, WaitKind } from "./log.js";
import { Waiters } from "./waiters.js";

export class Store {
  readonly log: Log;
  readonly payload: Payload;
  readonly waits: WaitCounts;
  readonly #commits: Commits;
  readonly #waiters: Waiters;

  constructor(commits: Commits) {
    const { log, dues, payload, waits } = commits;
    this.log = log;
    this.payload = payload;
    this.waits = waits;
    this.#commits = commits;
    this.#waiters = new Waiters(log, waits, () => dues.probe() || dues.operations.length > 0);
    log.onAdvance = () => this.#waiters.notify();
    log.onSegment = () => {
      payload.moved();
      this.#waiters.moved();
    };
  }

  get handle(): string {
    return this.log.handle;
  }

  /** Decides and commits, as `Commits` says. */
  transact<T>(decide: Decide<T>): MaybePromise<T> {
    return this.#commits.transact(decide);
  }

  /** Decides, and while the answer is not final, waits for the state to change and decides again. */
  transactWhen<T>(
    kind: WaitKind,
    wait: Wait,
    canGo: (state: BufferState) => boolean,
    decide: Decide<T>,
    isFinal: (answer: T) => boolean,
  ): MaybePromise<T> {
    // A call that does not wait for anything else may wait for the lock.
    if (wait.maxMs === 0) return this.#commits.transact(decide);
    const patience = { until: performance.now() + wait.maxMs, signal: wait.signal };
    const ask = (hasWaited = false) => this.#commits.transact(decide, { ...patience, hasWaited });
    const more = (answer: T): MaybePromise<T> =>
      isFinal(answer) || wait.signal.aborted
        ? answer
        : this.#waiters.wait({ kind, wait, canGo, ask: () => ask(true), isFinal }, answer);
    // Whoever was just served does not come before those who have been woken: where it costs little, or there is too little for all.
    const isPolite = kind === "consumer" && (this.log.durable || this.#waiters.isScarce());
    const first = isPolite ? this.#waiters.letOthersGo(kind).then(() => ask()) : ask();
    return first instanceof Promise ? first.then(more) : more(first);
  }

  /**
   * Something that only ends what is this handle's: where the buffer is destroyed, it has ended already, and where it is out of
   * reach, it ends by time.
   */
  giveUp(end: () => MaybePromise<unknown>): MaybePromise<void> {
    try {
      const ending = end();
      return ending instanceof Promise ? ending.then(() => {}, unlessEnding) : undefined;
    } catch (error) {
      unlessEnding(error);
    }
  }

  /** Destroys the buffer, if nobody has. */
  async destroy(): Promise<void> {
    try {
      await this.transact(() => ({ operations: [{ op: "destroy" }], reply: () => undefined }));
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED")) throw error;
    }
  }

  /** Looks which holders have died. True if there are any that the state still counts on. */
  probe(): boolean {
    return this.#commits.dues.probe();
  }

  /** Ends all waits and releases what the system holds for them. */
  endWaits(): void {
    this.#waiters.close();
  }

  /** Removes what this handle keeps on the disk. Nothing is committed afterwards. */
  close(): void {
    this.endWaits();
    this.#commits.close();
  }
}

function unlessEnding(error: unknown): void {
  if (!isBufferError(error, "BUFFER_DESTROYED") && !isBufferError(error, "TRANSPORT_UNAVAILABLE"))
    throw error;
}
