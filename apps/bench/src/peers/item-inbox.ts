/** Where events bring items and one caller at a time takes them: what whoever uses a socket or a channel writes. */

/** @typeParam T - an item, or what holds one. */
export class ItemInbox<T = Uint8Array> {
  #items: T[] = [];
  #next = 0;
  #taker: ((item: T) => void) | undefined;
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#items.length - this.#next;
  }

  add(item: T): void {
    const taker = this.#taker;
    if (taker === undefined) {
      this.#items.push(item);
      return;
    }
    this.#taker = undefined;
    taker(item);
  }

  /** Called once, when the last item is taken. */
  onEmpty(callback: () => void): void {
    this.#onEmpty = callback;
  }

  take(): Promise<T> {
    const item = this.#items[this.#next];
    if (item === undefined) {
      return new Promise((resolve) => {
        this.#taker = resolve;
      });
    }
    this.#next += 1;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
      const onEmpty = this.#onEmpty;
      this.#onEmpty = undefined;
      onEmpty?.();
    }
    return Promise.resolve(item);
  }
}
