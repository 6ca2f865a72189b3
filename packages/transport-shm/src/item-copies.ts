/** Memory for items on their way out: one piece serves many of them. */

import { type CopyTarget, newCopyTarget } from "./slot-bytes.js";

const PIECE_BYTES = 16 * 1024;
// Larger ones get memory of their own, so that a small item that is kept does not keep much else.
const SHARED_BYTES_MAX = 4 * 1024;

export class ItemCopies {
  #piece: CopyTarget = newCopyTarget(0);
  #used = 0;

  /** Where the next `bytes` bytes go; the start is a multiple of 4. */
  reserve(bytes: number): { readonly target: CopyTarget; readonly start: number } {
    const aligned = (bytes + 3) & ~3;
    if (aligned > SHARED_BYTES_MAX) return { target: newCopyTarget(aligned), start: 0 };
    if (this.#used + aligned > this.#piece.bytes.byteLength) {
      this.#piece = newCopyTarget(PIECE_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += aligned;
    return { target: this.#piece, start };
  }
}
