/** Looks at the dead letters, puts them back, removes them. */

import { type DeadLetter, type DeadLetterPort, partsOf } from "@sluice/core";
import type { Store } from "./store.js";

export class StoreDeadLetterPort implements DeadLetterPort {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(max: number, afterSequence = 0): Promise<readonly DeadLetter[]> {
    return this.#store.transact((state) => {
      const fallen = [...state.dead].filter(({ sequence }) => sequence > afterSequence).slice(0, max);
      const bytes = this.#store.payload.read(
        fallen.map(({ item }) => item),
        false,
      );
      const answer = fallen.map(({ item, sequence, reason }, index) => ({
        ...partsOf(bytes[index] as Uint8Array, item.envelopeLength),
        sequence,
        reason,
        deliveries: item.deliveries,
        failures: item.failures,
      }));
      return { answer };
    });
  }

  async requeue(sequence: number): Promise<"requeued" | "full" | "sealed" | "missing"> {
    return this.#store.transact<"requeued" | "full" | "sealed" | "missing">((state) => {
      const fallen = state.dead.find(sequence);
      if (fallen === undefined) return { answer: "missing" };
      if (state.sealed) return { answer: "sealed" };
      // A parked item that moves up into the dead letters leaves its slot and its bytes to this one.
      const moving = state.parked.first;
      const occupied = state.occupied - (moving === undefined ? 0 : 1);
      const bytes = state.bytes - (moving?.item.length ?? 0) + fallen.item.length;
      const { capacity, bufferBytesMax } = state.spec;
      if (occupied >= capacity || bytes > bufferBytesMax) return { answer: "full" };
      return { operations: [{ op: "requeue", sequence }], reply: () => "requeued" };
    });
  }

  async remove(sequence: number): Promise<"removed" | "missing"> {
    return this.#store.transact<"removed" | "missing">((state) =>
      state.dead.find(sequence) === undefined
        ? { answer: "missing" }
        : { operations: [{ op: "remove", sequence }], reply: () => "removed" },
    );
  }
}
