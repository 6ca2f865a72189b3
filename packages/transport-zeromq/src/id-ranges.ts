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
    return this.#ranges.some(({ from, to }) => from <= id && id <= to);
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

  #insert(range: IdRange): void {
    const apart = this.#ranges.filter(({ from, to }) => to + 1 < range.from || range.to + 1 < from);
    const joined = this.#ranges.filter((one) => !apart.includes(one));
    const from = Math.min(range.from, ...joined.map((one) => one.from));
    const to = Math.max(range.to, ...joined.map((one) => one.to));
    this.#ranges = [...apart, { from, to }].sort((a, b) => a.from - b.from);
  }
}
