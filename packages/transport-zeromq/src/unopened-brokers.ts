/**
 * Brokers that a `create` has started, and that nobody has opened yet. Where the first to try fails, nobody has a handle that could
 * destroy the buffer: the broker ends, and its place is free.
 */

import type { HostedBroker } from "./host-broker.js";
import { discardJournal, type StoreSettings } from "./journal.js";

interface Unopened extends HostedBroker {
  readonly store: StoreSettings;
}

export class UnopenedBrokers {
  readonly #unopened: Set<Unopened> = new Set();

  add(broker: HostedBroker, store: StoreSettings): void {
    this.#unopened.add({ ...broker, store });
  }

  /** Opens the buffer at a place. @param id - empty for whichever is there. */
  async orEnd<T>(url: string, id: string, open: () => Promise<T>): Promise<T> {
    const broker = [...this.#unopened].find((one) => (id === "" ? one.url === url : one.bufferId === id));
    if (broker === undefined) return open();
    this.#unopened.delete(broker);
    try {
      return await open();
    } catch (error) {
      await broker.end();
      if (broker.store.kind === "new")
        await discardJournal(broker.store.path, broker.bufferId).catch(() => {});
      throw error;
    }
  }
}
