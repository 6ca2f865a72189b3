/** One after the other: a job that answers at once is done at once, and one that takes its time keeps the others waiting. */

import type { MaybePromise } from "@sluice/core";

export class Serial {
  #isBusy = false;
  #isEnded = false;
  #waiting: (() => MaybePromise<void>)[] = [];

  /** @param job - sees to its own errors. */
  do(job: () => MaybePromise<void>): void {
    if (this.#isEnded) return;
    if (this.#isBusy) this.#waiting.push(job);
    else this.#run(job);
  }

  /** Nothing is done any more: what waits is dropped. */
  end(): void {
    this.#isBusy = true;
    this.#isEnded = true;
    this.#waiting = [];
  }

  #run(first: () => MaybePromise<void>): void {
    this.#isBusy = true;
    for (
      let job: (() => MaybePromise<void>) | undefined = first;
      job !== undefined;
      job = this.#waiting.shift()
    ) {
      const doing = job();
      if (doing instanceof Promise) {
        void doing.then(() => this.#next());
        return;
      }
    }
    this.#isBusy = false;
  }

  #next(): void {
    const job = this.#waiting.shift();
    if (job === undefined) this.#isBusy = false;
    else this.#run(job);
  }
}
