/**
 * Who waits. Each handle tells the others, by a message that nobody keeps, when its calls begin and cease to wait: so that whoever
 * was served lately, and does not wait, can let them go first. It is a courtesy: what is not heard costs fairness, and nothing else.
 */

import type { WaitCounts, WaitKind } from "@sluice/file-store";

type Kind = Exclude<WaitKind, "observer">;
type Numbers = Record<Kind, number>;

/** What is told. */
interface Told extends Numbers {
  readonly by: string;
}

/** One that still waits says so again. */
const AGAIN_MS = 1_000;

export class Waits implements WaitCounts {
  readonly #handle: string;
  readonly #send: (told: string) => void;
  readonly #own: Numbers = { producer: 0, consumer: 0 };
  readonly #onHeard: (handle: string) => void;
  #isTelling = false;
  #again: NodeJS.Timeout | undefined;

  /** @param onHeard - another handle waits. */
  constructor(handle: string, send: (told: string) => void, onHeard: (handle: string) => void) {
    this.#handle = handle;
    this.#send = send;
    this.#onHeard = onHeard;
  }

  tell(kind: Kind): () => void {
    this.#change(kind, 1);
    let isTold = true;
    return () => {
      if (isTold) this.#change(kind, -1);
      isTold = false;
    };
  }

  /** Of this handle: of others it is not always known. */
  count(kind: Kind): number {
    return this.#own[kind];
  }

  /** Of another handle. */
  heard(text: string): void {
    const { by, producer, consumer } = JSON.parse(text) as Told;
    if (producer + consumer > 0) this.#onHeard(by);
  }

  close(): void {
    clearInterval(this.#again);
  }

  #change(kind: Kind, by: 1 | -1): void {
    this.#own[kind] += by;
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#tellOthers();
    });
  }

  #tellOthers(): void {
    clearInterval(this.#again);
    const { producer, consumer } = this.#own;
    this.#send(JSON.stringify({ by: this.#handle, producer, consumer } satisfies Told));
    if (producer + consumer > 0) this.#again = setInterval(() => this.#tellOthers(), AGAIN_MS).unref();
  }
}
