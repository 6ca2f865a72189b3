/**
 * What travels beside an item, where there is anything: opaque to transports.
 *
 *     flags (1) [ put time (8, float64 LE, ms since 1970) ] [ headers (JSON, UTF-8): the rest ]
 */

import { BufferError, outOfRange, wrongType } from "./errors.js";

/** Most bytes of an envelope, all of it. */
export const ENVELOPE_BYTES_MAX = 1024;

/** Text that travels beside an item. Names and values are strings; all of it within the envelope's limit. */
export type Headers = Readonly<Record<string, string>>;

const HAS_PUT_TIME = 1;
const HAS_HEADERS = 2;
const KNOWN_FLAGS = HAS_PUT_TIME | HAS_HEADERS;
const PUT_TIME_BYTES = 8;

export interface Envelope {
  /** Milliseconds since 1970 on the producer's clock, with fractions. */
  readonly putTime?: number | undefined;
  readonly headers?: Headers | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

const NOTHING: Envelope = Object.freeze({});

/** @throws TypeError, RangeError `INVALID_ARGUMENT`: headers that are no strings by name, or too long. */
export function encodeEnvelope({ putTime, headers }: Envelope): Uint8Array {
  const text = headers === undefined ? undefined : encodeHeaders(headers);
  const start = 1 + (putTime === undefined ? 0 : PUT_TIME_BYTES);
  const length = start + (text?.byteLength ?? 0);
  if (length > ENVELOPE_BYTES_MAX) {
    throw outOfRange("`headers`", `at most ${ENVELOPE_BYTES_MAX} bytes with their envelope`, length);
  }
  const bytes = new Uint8Array(length);
  bytes[0] = (putTime === undefined ? 0 : HAS_PUT_TIME) | (text === undefined ? 0 : HAS_HEADERS);
  if (putTime !== undefined) new DataView(bytes.buffer).setFloat64(1, putTime, true);
  if (text !== undefined) bytes.set(text, start);
  return bytes;
}

/** @throws BufferError `ITEM_UNDECODABLE`: unknown flags, or not as long as they say. Never executes anything. */
export function decodeEnvelope(bytes: Uint8Array | undefined): Envelope {
  if (bytes === undefined) return NOTHING;
  const flags = bytes[0];
  if (flags === undefined || (flags & ~KNOWN_FLAGS) !== 0) throw malformed(`flags ${flags ?? "missing"}`);
  const start = 1 + (flags & HAS_PUT_TIME ? PUT_TIME_BYTES : 0);
  if (bytes.byteLength < start) throw malformed("it ends within its put time");
  if (!(flags & HAS_HEADERS) && bytes.byteLength > start) throw malformed("something stands behind it");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const putTime = flags & HAS_PUT_TIME ? view.getFloat64(1, true) : undefined;
  const headers = flags & HAS_HEADERS ? decodeHeaders(bytes.subarray(start)) : undefined;
  return { putTime, headers };
}

/** An item with its envelope behind it, for a medium that keeps both as one. A copy, where there is an envelope. */
export function withEnvelope(item: Uint8Array, envelope: Uint8Array | undefined): Uint8Array {
  if (envelope === undefined) return item;
  const both = new Uint8Array(item.byteLength + envelope.byteLength);
  both.set(item);
  both.set(envelope, item.byteLength);
  return both;
}

/** And taken apart again: the last `envelopeLength` bytes are the envelope's, if there are any. */
export function partsOf(
  both: Uint8Array,
  envelopeLength: number,
): { readonly item: Uint8Array; readonly envelope?: Uint8Array } {
  if (envelopeLength === 0) return { item: both };
  const end = both.byteLength - envelopeLength;
  return { item: both.subarray(0, end), envelope: both.subarray(end) };
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
