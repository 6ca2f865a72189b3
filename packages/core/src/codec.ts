/** Values to bytes and back. A codec is named in the buffer itself, so that two processes cannot disagree on it. */

import { types } from "node:util";
import { deserialize, serialize } from "node:v8";
import { BufferError, show, wrongType } from "./errors.js";
import { decodeJson, encodeJson } from "./json.js";
import type { JsonValue } from "./transport.js";

/**
 * One of your own: a name that no other codec has, and two functions that run nothing that the bytes say.
 *
 * `encode` throws for what it cannot carry (`ITEM_UNENCODABLE`, nothing is put), `decode` for what it cannot read
 * (`ITEM_UNDECODABLE`). Both are synchronous. The bytes of `encode` are put or copied before anybody else runs, so that it
 * may use its memory again; those given to `decode` may be kept.
 */
export interface Codec<T> {
  readonly name: string;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** `json`, whose values are narrowed to the caller's type. */
export interface JsonCodec extends Codec<JsonValue> {
  readonly name: "json";
}

/** `bytes`. */
export interface BytesCodec extends Codec<Uint8Array> {
  readonly name: "bytes";
}

/** `structured`, whose values are narrowed to the caller's type. */
export interface StructuredCodec extends Codec<unknown> {
  readonly name: "structured";
}

/**
 * The default: what JSON can say, and nothing that it would lose in silence. `undefined`, functions, symbols, bigints,
 * cycles, NaN and infinities, names that are symbols, Map, Set and the like are refused, at any depth; a property that is
 * `undefined` is left out. A value with a `toJSON` becomes what that returns. A lone surrogate arrives as it was, -0 as 0.
 * UTF-8 on the way.
 */
export const json: JsonCodec = { name: "json", encode: encodeJson, decode: decodeJson };

/**
 * Bytes as they are: a Uint8Array (a Buffer is one) whose memory has not been handed away. They are read before the call
 * returns; where another thread writes to them at that moment, what is put is what was read. It must not let them grow meanwhile.
 */
export const bytes: BytesCodec = {
  name: "bytes",
  encode(value) {
    if (!types.isUint8Array(value)) throw wrongType("the item", "a Uint8Array", value, "ITEM_UNENCODABLE");
    return value;
  },
  decode: (item) => item,
};

/**
 * What a structured clone carries: dates, maps, sets, bigints, typed arrays, cycles. No functions, and instances of classes
 * arrive as plain objects. The format is V8's: all processes of a buffer should run versions of Node that read each other's.
 */
export const structured: StructuredCodec = {
  name: "structured",
  encode: (value) => serialize(value),
  decode: (item) => deserialize(item),
};

/** A codec of any type: within core the type of the values is the caller's affair. */
// biome-ignore lint/suspicious/noExplicitAny: a codec both takes and gives its type, so nothing narrower holds all of them
export type AnyCodec = Codec<any>;

/** Core's own codec of this name. */
export function codecNamed(name: string): AnyCodec | undefined {
  return [json, bytes, structured].find((codec) => codec.name === name);
}

/** @throws TypeError `INVALID_ARGUMENT` if it is not one. */
export function checkCodec(codec: unknown): AnyCodec {
  const { name, encode, decode } = (codec ?? {}) as Partial<AnyCodec>;
  const isCodec =
    typeof name === "string" && name !== "" && typeof encode === "function" && typeof decode === "function";
  if (isCodec) return codec as AnyCodec;
  const isName = typeof codec === "string" && codecNamed(codec) !== undefined;
  const hint = isName ? ` (the export \`${codec}\` of @sluice/core is one)` : "";
  throw wrongType("`codec`", `an object with name, encode and decode${hint}`, codec);
}

/**
 * Whose memory the bytes are that a codec has encoded to: `fresh`, nobody else's; `caller`, the value itself; `reused`, perhaps
 * the codec's own, which it writes to again.
 */
export type Freshness = "fresh" | "caller" | "reused";

export function freshnessOf(codec: AnyCodec): Freshness {
  if (codec === json || codec === structured) return "fresh";
  return codec === bytes ? "caller" : "reused";
}

/**
 * The codec's bytes of a value.
 *
 * @throws BufferError `ITEM_UNENCODABLE`.
 */
export function encodeItem(codec: AnyCodec, value: unknown): Uint8Array {
  let encoded: unknown;
  try {
    encoded = codec.encode(value);
    // A view whose memory has gone looks like an empty one, but nothing can be made over it. Others are not asked for their
    // memory: a small array has none that JavaScript could see until it is asked, and that costs more than the whole put.
    if (types.isUint8Array(encoded) && encoded.byteLength === 0)
      new Uint8Array(encoded.buffer, encoded.byteOffset, 0);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : show(cause);
    throw new BufferError("ITEM_UNENCODABLE", `The codec ${codec.name} cannot encode the item: ${why}`, {
      cause,
    });
  }
  if (!types.isUint8Array(encoded)) {
    const message = `The codec ${codec.name} made ${show(encoded)} where bytes were expected`;
    throw new BufferError("ITEM_UNENCODABLE", message);
  }
  return encoded;
}
