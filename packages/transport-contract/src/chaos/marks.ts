/** When which process was killed, stopped or continued, in the time of the history that is read later. */

import type { Mark } from "../report/kept-history.js";

export class Marks {
  readonly #marks: { readonly at: bigint; readonly process: string; readonly what: string }[] = [];
  #anchor = 0n;

  add(process: string, what: string): void {
    this.#marks.push({ at: now(), process, what });
  }

  /** Now: an instant that the history knows too. */
  anchor(): void {
    this.#anchor = now();
  }

  /** @param anchor - that instant, in the time of the history. */
  since(anchor: number): Mark[] {
    return this.#marks.map(({ at, ...mark }) => ({ ...mark, at: anchor - Number(this.#anchor - at) }));
  }
}

function now(): bigint {
  return process.hrtime.bigint();
}
