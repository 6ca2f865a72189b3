/** One after the other: a job that answers at once is done at once, and one that takes its time keeps the others waiting. */

import type { MaybePromise } from "@sluice/core";

interface Waiting {
  readonly job: () => MaybePromise<void>;
  readonly bytes: number;
}

export class Serial {
  #isBusy = false;
  #isEnded = false;
  /** The one that takes its time, or that did last. */
  #doing: Promise<void> | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** Kept in memory by those that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * @param job - sees to its own errors.
   * @param bytes - how many it keeps in memory.
   */
  do(job: () => MaybePromise<void>, bytes = 0): void {
    if (this.#isEnded) return;
    if (!this.#isBusy) {
      this.#run(job);
      return;
    }
    this.#waiting.push({ job, bytes });
    this.#waitingBytes += bytes;
  }

  /** Nothing more is begun: what waits is dropped. Resolves when what was begun is done. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#doing;
  }

  #run(first: () => MaybePromise<void>): void {
    this.#isBusy = true;
    for (let job: (() => MaybePromise<void>) | undefined = first; job !== undefined; job = this.#next()) {
      const doing = job();
      if (doing instanceof Promise) {
        this.#doing = doing;
        void doing.then(() => this.#goOn());
        return;
      }
    }
    this.#isBusy = false;
  }

  #goOn(): void {
    const job = this.#next();
    if (job === undefined) this.#isBusy = false;
    else this.#run(job);
  }

  #next(): (() => MaybePromise<void>) | undefined {
    const next = this.#waiting.shift();
    this.#waitingBytes -= next?.bytes ?? 0;
    return next?.job;
  }
}
