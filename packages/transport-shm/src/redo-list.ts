/**
 * What a commit changes, written down before it commits: words and the values they will have. Applying it twice is the same
 * as once, so whoever takes over from the dead may begin again wherever they stopped.
 */

import { fault } from "./faults.js";

export class RedoList {
  readonly #words: Int32Array;
  readonly #start: number;
  readonly #pairsMax: number;
  #count = 0;

  /** @param start - the word of the count; the pairs follow. */
  constructor(words: Int32Array, start: number, pairsMax: number) {
    this.#words = words;
    this.#start = start;
    this.#pairsMax = pairsMax;
  }

  /** The old list is void from here on: a list that is half old and half new must never be applied. */
  begin(): void {
    this.#words[this.#start] = 0;
    this.#count = 0;
  }

  /** At most once for each word of a commit, and at most `pairsMax` times. */
  set(word: number, value: number): void {
    const at = this.#start + 1 + 2 * this.#count;
    this.#words[at] = word;
    this.#words[at + 1] = value;
    this.#count += 1;
  }

  /** To be called right before the store that commits. */
  finish(): void {
    this.#words[this.#start] = this.#count;
  }

  /** The last entry is stored after all others: who sees it sees them. */
  apply(): void {
    const words = this.#words;
    const count = words[this.#start] as number;
    if (count < 0 || count > this.#pairsMax) {
      throw fault("DATA_CORRUPT", "The redo list of the region is damaged");
    }
    let at = this.#start + 1;
    for (let i = 1; i < count; i++, at += 2) words[words[at] as number] = words[at + 1] as number;
    if (count > 0) Atomics.store(words, words[at] as number, words[at + 1] as number);
  }
}
