/** Which items have failed because their handler threw: such a failure is nobody's death. */

// The oldest are forgotten; an item of them counts as one that was in the hands of a worker that died.
const REMEMBERED_MAX = 10_000;

export class NackedItems {
  /** By sequence, how often; the one that was nacked last at the end. */
  readonly #nacks = new Map<number, number>();

  add(sequence: number): void {
    const before = this.nacksOf(sequence);
    this.#nacks.delete(sequence);
    this.#nacks.set(sequence, before + 1);
    const [oldest] = this.#nacks.keys();
    if (this.#nacks.size > REMEMBERED_MAX && oldest !== undefined) this.#nacks.delete(oldest);
  }

  nacksOf(sequence: number): number {
    return this.#nacks.get(sequence) ?? 0;
  }
}
