/**
 * Who waits. Handles are heard of by what they commit; one whose calls wait for longer than that says so, by a message that nobody
 * keeps: so that whoever was served lately, and does not wait, can let it go first. It is a courtesy: what is not heard costs fairness,
 * and nothing else.
 */

import type { WaitCounts, WaitKind } from "@sluice/file-store";

type Kind = Exclude<WaitKind, "observer">;

/** So long after its last sign one that waits gives another. */
const AGAIN_MS = 1_000;

export class Waits implements WaitCounts {
  readonly #silenceMs: () => number;
  readonly #say: () => void;
  readonly #own: Record<Kind, number> = { producer: 0, consumer: 0 };
  #saidAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param silenceMs - for how long others have had no commit of this handle.
   * @param say - tells them that it waits.
   */
  constructor(silenceMs: () => number, say: () => void) {
    this.#silenceMs = silenceMs;
    this.#say = say;
  }

  tell(kind: Kind): () => void {
    this.#own[kind] += 1;
    this.#look();
    let isOver = false;
    return () => {
      if (!isOver) this.#own[kind] -= 1;
      isOver = true;
    };
  }

  /** Of this handle: of others it is not always known. */
  count(kind: Kind): number {
    return this.#own[kind];
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  // The timer of a wait that is over serves the next one: most are short, and cost nothing.
  #look(): void {
    if (this.#timer !== undefined || this.#own.producer + this.#own.consumer === 0) return;
    const silenceMs = Math.min(this.#silenceMs(), performance.now() - this.#saidAt);
    if (silenceMs >= AGAIN_MS) {
      this.#saidAt = performance.now();
      this.#say();
    }
    const againMs = silenceMs >= AGAIN_MS ? AGAIN_MS : AGAIN_MS - silenceMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, againMs).unref();
  }
}
