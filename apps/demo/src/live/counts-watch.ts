/** Asks a buffer for its counts, but only when told that they may have changed, and never more often than they can be seen. */

import { setTimeout as delay } from "node:timers/promises";
import {
  type BoundedBuffer,
  type BufferAddress,
  type BufferCounts,
  openAddress,
  untilNotBusy,
} from "@sluice/core";

const ASK_EVERY_MS = 80;

export class CountsWatch {
  readonly #hear: (counts: BufferCounts) => void;
  readonly #buffer: Promise<BoundedBuffer<unknown> | undefined>;
  #isAsking = false;
  #isToAskAgain = false;
  #isClosed = false;

  constructor(address: BufferAddress, hear: (counts: BufferCounts) => void) {
    this.#hear = hear;
    // What a buffer does not do is the run's to tell.
    this.#buffer = untilNotBusy(() => openAddress(address)).catch(() => undefined);
  }

  ask(): void {
    this.#isToAskAgain = true;
    if (!this.#isAsking) void this.#askOn();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#buffer.then((buffer) => buffer?.close()).catch(() => {});
  }

  async #askOn(): Promise<void> {
    this.#isAsking = true;
    const buffer = await this.#buffer;
    while (this.#isToAskAgain && !this.#isClosed) {
      this.#isToAskAgain = false;
      const counts = await buffer?.counts().catch(() => undefined);
      if (counts !== undefined && !this.#isClosed) this.#hear(counts);
      await delay(ASK_EVERY_MS, undefined, { ref: false });
    }
    this.#isAsking = false;
  }
}
