/** How far the buffer is sealed: a word that only grows, written under the producers' lock. */

import { Word } from "./region-layout.js";

/** No more puts. */
export function isSealed(words: Int32Array): boolean {
  return Atomics.load(words, Word.sealed) !== 0;
}

/** And whatever is ready or parked, or would become so, is discarded. */
export function isDiscarding(words: Int32Array): boolean {
  return Atomics.load(words, Word.sealed) === 2;
}
