/** What is kept in the order of the buffer's one sequence: cheap at both ends, which is where nearly all of it happens. */

export interface Sequenced {
  readonly sequence: number;
}

export class SequenceList<T extends Sequenced> implements Iterable<T> {
  #items: (T | undefined)[];
  // Everything before it has been taken out; the array is cut only now and then, so that `shift` does not move the rest.
  #head = 0;

  constructor(items: Iterable<T> = []) {
    this.#items = [...items];
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** The `count` of the smallest sequence, or all there are. */
  peek(count: number): T[] {
    return this.#items.slice(this.#head, this.#head + count) as T[];
  }

  shift(): T | undefined {
    return this.shiftAll(1)[0];
  }

  /** Takes out the `count` of the smallest sequence, or all there are. */
  shiftAll(count: number): T[] {
    const items = this.peek(count);
    // Let go of at once: they may hold items' bytes.
    this.#items.fill(undefined, this.#head, this.#head + items.length);
    this.#head += items.length;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return items;
  }

  /** Puts it at its place, wherever that is. */
  insert(item: T): void {
    const at = this.#placeOf(item.sequence);
    if (at === this.#items.length) this.#items.push(item);
    else if (at === this.#head && at > 0) {
      this.#head -= 1;
      this.#items[this.#head] = item;
    } else this.#items.splice(at, 0, item);
  }

  find(sequence: number): T | undefined {
    const item = this.#items[this.#placeOf(sequence)];
    return item?.sequence === sequence ? item : undefined;
  }

  remove(sequence: number): T | undefined {
    const at = this.#placeOf(sequence);
    const item = this.#items[at];
    if (item?.sequence !== sequence) return undefined;
    this.#items.splice(at, 1);
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#items.slice(this.#head) as T[])[Symbol.iterator]();
  }

  // The first index whose sequence is not smaller.
  #placeOf(sequence: number): number {
    const last = this.#items[this.#items.length - 1];
    if (last === undefined || this.size === 0 || last.sequence < sequence) return this.#items.length;
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as T).sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
