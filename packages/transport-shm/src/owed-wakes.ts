/** Wakes that are owed to others. One serves a burst: whoever is woken by its first item finds the others as well. */

import type { WaitSets } from "./wait-sets.js";

// About as many items as pass in the time that it takes to wake somebody: longer he need not sleep.
const BURST_MAX = 32;

// Those of this process that owe any, whatever their buffers.
const owing = new Set<OwedWakes>();

export class OwedWakes {
  readonly #sets: WaitSets;
  #items = 0;
  #room = 0;
  #isAwaitingEnd = false;
  #isOver = false;
  // Runs when all promises that are settled by now have been dealt with: within a burst of awaited calls it does not.
  readonly #onBurstOver = () => {
    this.#isAwaitingEnd = false;
    owing.delete(this);
    if (!this.#isOver) this.flush();
  };

  constructor(sets: WaitSets) {
    this.#sets = sets;
  }

  owe(items: number, room: number): void {
    if (!this.#isAwaitingEnd) {
      this.#isAwaitingEnd = true;
      owing.add(this);
      process.nextTick(this.#onBurstOver);
    }
    this.#items += items;
    this.#room += room;
    if (this.#items >= BURST_MAX || this.#room >= BURST_MAX) this.flush();
  }

  /** Comes by itself when the present burst of calls is over, or has been long enough. */
  flush(): void {
    const [items, room] = [this.#items, this.#room];
    this.#items = 0;
    this.#room = 0;
    if (items > 0) this.#sets.wake("item", items);
    if (room === 0) return;
    this.#sets.wake("room", room);
    this.#sets.wakeAll("bytes");
  }

  /** All that this process owes: before it stands still, over whichever buffer. */
  static flushAll(): void {
    for (const wakes of owing) wakes.flush();
  }

  /** From here on it does not come by itself. */
  close(): void {
    owing.delete(this);
    this.#isOver = true;
  }
}
