/** Unnamed producers of an earlier broker's clients: each may come back for a minute, and then nobody knows its id any more. */

import type { BrokerPort } from "@sluice/file-store";
import type { Serial } from "./serial.js";
import { REMEMBER_MS } from "./timing.js";

export class UnresumedProducers {
  readonly #store: BrokerPort;
  readonly #epochs: Map<string, number> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: BrokerPort) {
    this.#store = store;
  }

  /** Looks for them in the store. */
  async find(serial: Serial): Promise<void> {
    for (const { id, epoch, isNamed } of await this.#store.producers()) {
      if (!isNamed) this.#epochs.set(id, epoch);
    }
    if (this.#epochs.size === 0) return;
    this.#timer = setTimeout(() => serial.do(() => this.#forget()), REMEMBER_MS);
    this.#timer.unref();
  }

  resumed(id: string): void {
    this.#epochs.delete(id);
  }

  /** Stops its timer. */
  end(): void {
    clearTimeout(this.#timer);
  }

  async #forget(): Promise<void> {
    for (const [id, epoch] of this.#epochs) {
      try {
        await (await this.#store.resumeProducer(id, epoch))?.close();
      } catch {
        // Destroyed, or the journal failed: whoever asks next is told.
      }
    }
    this.#epochs.clear();
  }
}
