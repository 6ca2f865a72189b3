/**
 * What stands around the codec's bytes at the port: one byte of flags, then what the flags announce, then the item.
 *
 *     flags (1) [ put time (8, float64 LE, ms since 1970) ] [ headers length (2, LE) · headers (JSON, UTF-8) ] item
 *
 * An item without put time and headers costs one byte.
 */

import { markAsUntransferable } from "node:worker_threads";
import { BufferError, outOfRange, wrongType } from "./errors.js";

/** Most bytes of an envelope, all of it. */
export const ENVELOPE_BYTES_MAX = 1024;

/** Text that travels beside an item. Names and values are strings; all of it within the envelope's limit. */
export type Headers = Readonly<Record<string, string>>;

const HAS_PUT_TIME = 1;
const HAS_HEADERS = 2;
const KNOWN_FLAGS = HAS_PUT_TIME | HAS_HEADERS;

export interface Envelope {
  /** Milliseconds since 1970 on the producer's clock, with fractions. */
  readonly putTime?: number | undefined;
  readonly headers?: Headers | undefined;
}

export interface Opened extends Envelope {
  /** The codec's bytes; those of more than 64 share memory with the envelope. */
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

const NOTHING: Envelope = {};

// Memory of its own would cost a small item more than all else, so that many share a piece of this size; none of more than a
// part of it, so that one that is kept does not keep much.
const PIECE_BYTES = 16 * 1024;
const SHARED_BYTES_MAX = 2 * 1024;
// An array of this size lies among JavaScript's own objects, which costs less than a view of anything. Until somebody asks for its
// `buffer`: that moves it.
const SMALL_BYTES_MAX = 64;
let piece = new ArrayBuffer(0);
let pieceUsed = 0;

function allocate(byteLength: number): Uint8Array {
  if (byteLength <= SMALL_BYTES_MAX || byteLength > SHARED_BYTES_MAX) return new Uint8Array(byteLength);
  if (pieceUsed + byteLength > piece.byteLength) {
    piece = new ArrayBuffer(PIECE_BYTES);
    // Whoever handed over the memory of one item would take the others with it.
    markAsUntransferable(piece);
    pieceUsed = 0;
  }
  const bytes = new Uint8Array(piece, pieceUsed, byteLength);
  pieceUsed += byteLength;
  return bytes;
}

/** Copies the body behind its envelope: what the caller does to its bytes afterwards changes nothing. */
export function seal(body: Uint8Array, envelope: Envelope = NOTHING): Uint8Array {
  if (envelope === NOTHING) {
    // Its flags are 0, as the memory was.
    const bytes = allocate(1 + body.byteLength);
    bytes.set(body, 1);
    return bytes;
  }
  const headers = envelope.headers === undefined ? undefined : encodeHeaders(envelope.headers);
  const start =
    1 + (envelope.putTime === undefined ? 0 : 8) + (headers === undefined ? 0 : 2 + headers.byteLength);
  if (start > ENVELOPE_BYTES_MAX) {
    throw outOfRange("`headers`", `at most ${ENVELOPE_BYTES_MAX} bytes with their envelope`, start);
  }
  const bytes = new Uint8Array(start + body.byteLength);
  let at = 1;
  if (envelope.putTime !== undefined || headers !== undefined) {
    const view = new DataView(bytes.buffer);
    if (envelope.putTime !== undefined) {
      bytes[0] = HAS_PUT_TIME;
      view.setFloat64(at, envelope.putTime, true);
      at += 8;
    }
    if (headers !== undefined) {
      bytes[0] = (bytes[0] ?? 0) | HAS_HEADERS;
      view.setUint16(at, headers.byteLength, true);
      bytes.set(headers, at + 2);
    }
  }
  bytes.set(body, start);
  return bytes;
}

/** The codec's bytes alone; throws as `open` does. */
export function bodyIn(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0 ? bodyOf(bytes, 1) : open(bytes).body;
}

/** @throws BufferError `ITEM_UNDECODABLE`: unknown flags, or shorter than its flags say. Never executes anything. */
export function open(bytes: Uint8Array): Opened {
  const flags = bytes[0];
  if (flags === undefined || (flags & ~KNOWN_FLAGS) !== 0) throw malformed(`flags ${flags ?? "missing"}`);
  if (flags === 0) return { body: bodyOf(bytes, 1) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 1;
  let putTime: number | undefined;
  let headers: Headers | undefined;
  if (flags & HAS_PUT_TIME) {
    if (bytes.byteLength < at + 8) throw malformed("it ends within its put time");
    putTime = view.getFloat64(at, true);
    at += 8;
  }
  if (flags & HAS_HEADERS) {
    if (bytes.byteLength < at + 2) throw malformed("it ends within its headers");
    const length = view.getUint16(at, true);
    at += 2;
    if (bytes.byteLength < at + length) throw malformed("it ends within its headers");
    headers = decodeHeaders(bytes.subarray(at, at + length));
    at += length;
  }
  return { body: bodyOf(bytes, at), putTime, headers };
}

function bodyOf(bytes: Uint8Array, at: number): Uint8Array {
  // A Buffer's `slice` is a view, and a Buffer.
  if (bytes.byteLength - at <= SMALL_BYTES_MAX && bytes.constructor === Uint8Array) return bytes.slice(at);
  // What `subarray` does, in half of the time.
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at);
}

function encodeHeaders(headers: Headers): Uint8Array {
  // A Map or a list has no names of its own, and would arrive as nothing, or as numbers.
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    throw wrongType("`headers`", "an object of strings by name", headers);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") throw wrongType(`header ${JSON.stringify(name)}`, "a string", value);
  }
  return encoder.encode(JSON.stringify(Object.entries(headers)));
}

function decodeHeaders(bytes: Uint8Array): Headers {
  let entries: unknown;
  try {
    entries = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw malformed("its headers are not JSON", cause);
  }
  const isPair = (e: unknown): e is [string, string] =>
    Array.isArray(e) && e.length === 2 && e.every((part) => typeof part === "string");
  if (!Array.isArray(entries) || !entries.every(isPair))
    throw malformed("its headers are not pairs of strings");
  // No prototype, so that a header called __proto__ is a header.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) headers[name] = value;
  return headers;
}

function malformed(why: string, cause?: unknown): BufferError {
  return new BufferError("ITEM_UNDECODABLE", `The item's envelope cannot be read: ${why}`, { cause });
}
