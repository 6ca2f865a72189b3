/** Where events bring items and one caller at a time takes them: what whoever uses a socket or a channel writes. */

export class ItemInbox {
  #items: Uint8Array[] = [];
  #next = 0;
  #taker: ((item: Uint8Array) => void) | undefined;
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#items.length - this.#next;
  }

  add(item: Uint8Array): void {
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

  take(): Promise<Uint8Array> {
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
