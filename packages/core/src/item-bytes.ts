/** The bytes of items as they come in and go out: whose memory they are. */

import { markAsUntransferable } from "node:worker_threads";

// Memory of its own would cost a small item more than all else, so that many share a piece of this size; none of more than a
// part of it, so that one that is kept does not keep much.
const PIECE_BYTES = 16 * 1024;
const SHARED_BYTES_MAX = 2 * 1024;
// An array of this size lies among JavaScript's own objects, which costs less than a view of anything. Until somebody asks for its
// `buffer`: that moves it.
const SMALL_BYTES_MAX = 64;
// What it is, whatever a class says of itself.
const byteLengthOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "byteLength",
)?.get as () => number;
let piece = new ArrayBuffer(0);
let pieceUsed = 0;

/** A copy that nobody else has: what the caller does to its bytes afterwards changes nothing. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const byteLength = byteLengthOf.call(bytes) as number;
  if (byteLength <= SMALL_BYTES_MAX || byteLength > SHARED_BYTES_MAX) return new Uint8Array(bytes);
  if (pieceUsed + byteLength > piece.byteLength) {
    piece = new ArrayBuffer(PIECE_BYTES);
    // Whoever handed over the memory of one item would take the others with it.
    markAsUntransferable(piece);
    pieceUsed = 0;
  }
  const copy = new Uint8Array(piece, pieceUsed, byteLength);
  pieceUsed += byteLength;
  copy.set(bytes);
  return copy;
}

/** The same bytes as a plain array, where a port has handed out a Buffer. */
export function plain(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same bytes, in an array whose methods are JavaScript's or Node's: a class of somebody's own has its own. */
export function ownMethods(bytes: Uint8Array): Uint8Array {
  const prototype: unknown = Object.getPrototypeOf(bytes);
  return prototype === Uint8Array.prototype || prototype === Buffer.prototype ? bytes : copyOf(bytes);
}
