/** Copies items out of the region, into memory of this process: one piece serves many of them. */

import { markAsUntransferable } from "node:worker_threads";
import type { Region } from "./region.js";
import { type CopyTarget, copyItem, newCopyTarget } from "./slot-bytes.js";

const PIECE_BYTES = 32 * 1024;
// Larger ones get memory of their own, so that a small item that is kept does not keep much else.
const SHARED_BYTES_MAX = 4 * 1024;
// Up to this size an array lies among JavaScript's own objects, which costs less than a view of a piece; a slot has room for it.
const SMALL_BYTES_MAX = 64;

export class ItemCopies {
  #piece: CopyTarget = newCopyTarget(0);
  #used = 0;

  /** The bytes of the item in a slot. `length` was checked. */
  of(region: Region, slot: number, length: number): Uint8Array {
    const { geometry, bytes } = region;
    if (length <= SMALL_BYTES_MAX) {
      const start = geometry.inlineStart + slot * geometry.inlineBytes;
      return bytes.slice(start, start + length);
    }
    const aligned = (length + 3) & ~3;
    if (aligned > SHARED_BYTES_MAX) return copyItem(region, slot, length, newCopyTarget(aligned), 0);
    if (this.#used + aligned > this.#piece.bytes.byteLength) {
      this.#piece = newCopyTarget(PIECE_BYTES);
      // Whoever handed over the memory of one item would take the others with it.
      markAsUntransferable(this.#piece.bytes.buffer);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += aligned;
    return copyItem(region, slot, length, this.#piece, start);
  }
}
