/** Sets of request ids that are mostly one behind the other: a few ranges hold them. */

export interface IdRange {
  readonly from: number;
  to: number;
}

export class IdRanges {
  #ranges: IdRange[] = [];

  /** How many ranges it takes. */
  get size(): number {
    return this.#ranges.length;
  }

  [Symbol.iterator](): IterableIterator<IdRange> {
    return this.#ranges.values();
  }

  has(id: number): boolean {
    const range = this.#ranges[this.#firstFrom(id)];
    return range !== undefined && range.from <= id;
  }

  add(from: number, to: number): void {
    const last = this.#ranges.at(-1);
    // What comes is nearly always the next.
    if (last === undefined || from > last.to + 1) this.#ranges.push({ from, to });
    else if (from >= last.from) last.to = Math.max(last.to, to);
    else this.#insert({ from, to });
  }

  /** Those above it stay. */
  removeUpTo(id: number): void {
    const [first] = this.#ranges;
    if (first !== undefined && first.from <= id) this.#ranges = this.#ranges.filter(({ to }) => to > id);
  }

  clear(): void {
    this.#ranges = [];
  }

  #insert({ from, to }: IdRange): void {
    // All that it touches becomes one.
    const start = this.#firstFrom(from - 1);
    let end = start;
    let joined = { from, to };
    for (let next = this.#ranges[end]; next !== undefined && next.from <= to + 1; next = this.#ranges[end]) {
      joined = { from: Math.min(joined.from, next.from), to: Math.max(joined.to, next.to) };
      end += 1;
    }
    this.#ranges.splice(start, end - start, joined);
  }

  /** Index of the first range that ends at this id or behind it. */
  #firstFrom(id: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as IdRange).to < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
