/** Items that nobody could work on: the bounded list of dead letters, and those that are due for it while it is full. */

import type { DeadLetter } from "@sluice/core";
import { type Item, insertBySequence } from "./ready-list.js";

interface Due {
  readonly item: Item;
  readonly sequence: number;
  readonly reason: string;
}

export class DeadLetters {
  readonly #max: number;
  readonly #freeSlot: (item: Item) => void;
  readonly #dead: DeadLetter[] = [];
  readonly #parked: Due[] = [];

  /** @param freeSlot - a dead letter needs no slot; a parked item keeps its own until it moves on. */
  constructor(max: number, freeSlot: (item: Item) => void) {
    this.#max = max;
    this.#freeSlot = freeSlot;
  }

  get dead(): number {
    return this.#dead.length;
  }

  get parked(): number {
    return this.#parked.length;
  }

  /** The parked item whose turn it is. */
  get nextParked(): Item | undefined {
    return this.#parked[0]?.item;
  }

  /** Takes an item in. If the list is full it is parked: it waits in its slot, and nothing is ever dropped. */
  bury(item: Item, reason: string): void {
    insertBySequence(this.#parked, { item, sequence: item.sequence, reason });
    this.#moveUp();
  }

  /** Copies: a caller may do with the bytes as it likes. */
  list(max: number, after: number): DeadLetter[] {
    const found = this.#dead.filter((letter) => letter.sequence > after).slice(0, max);
    return found.map((letter) => ({
      ...letter,
      item: new Uint8Array(letter.item),
      envelope: letter.envelope && new Uint8Array(letter.envelope),
    }));
  }

  find(sequence: number): DeadLetter | undefined {
    return this.#dead.find((letter) => letter.sequence === sequence);
  }

  /** Takes one out; a parked one moves into its room in the same commit. */
  delete(letter: DeadLetter): void {
    this.#dead.splice(this.#dead.indexOf(letter), 1);
    this.#moveUp();
  }

  /** Gives up the parked ones, for a seal that discards. */
  takeParked(): Item[] {
    return this.#parked.splice(0).map(({ item }) => item);
  }

  #moveUp(): void {
    while (this.#dead.length < this.#max) {
      const due = this.#parked.shift();
      if (due === undefined) return;
      const { item, sequence, reason } = due;
      insertBySequence(this.#dead, {
        item: item.bytes,
        envelope: item.envelope,
        sequence,
        reason,
        deliveries: item.deliveries,
        failures: item.failures,
      });
      this.#freeSlot(item);
    }
  }
}
