/** Memory for items on their way out: one piece serves many of them. */

import { markAsUntransferable } from "node:worker_threads";
import { type CopyTarget, newCopyTarget } from "./slot-bytes.js";

const PIECE_BYTES = 32 * 1024;
// Larger ones get memory of their own, so that a small item that is kept does not keep much else.
const SHARED_BYTES_MAX = 4 * 1024;

export class ItemCopies {
  /** Where the item goes that room was reserved for last, and from where on: a multiple of 4 bytes. */
  target: CopyTarget = newCopyTarget(0);
  start = 0;
  #piece: CopyTarget = this.target;
  #used = 0;

  reserve(bytes: number): void {
    const aligned = (bytes + 3) & ~3;
    if (aligned > SHARED_BYTES_MAX) {
      this.target = newCopyTarget(aligned);
      this.start = 0;
      return;
    }
    if (this.#used + aligned > this.#piece.bytes.byteLength) {
      this.#piece = newCopyTarget(PIECE_BYTES);
      // Whoever handed over the memory of one item would take the others with it.
      markAsUntransferable(this.#piece.bytes.buffer);
      this.#used = 0;
    }
    this.target = this.#piece;
    this.start = this.#used;
    this.#used += aligned;
  }
}
