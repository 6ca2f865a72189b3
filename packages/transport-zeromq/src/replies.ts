/** The bodies of replies. */

import type { DeadLetter, Delivery, Offered, Polled, Settled } from "@sluice/core";
import { type FieldReader, Malformed, textLength } from "./bytes.js";
import { encodePart, endOfPacket } from "./packets.js";
import { Status } from "./protocol-numbers.js";

const STATES = ["open", "full", "sealed", "empty", "drained"] as const;
const FULL_BY = [undefined, "items", "bytes"] as const;

/** Whatever has no speed to lose: JSON. */
export function encodeJson(id: number, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  return encodePart(Status.Done, id, text.byteLength).raw(text).bytes;
}

/** @throws Malformed. What it says is to be checked, or to be believed of a broker. */
export function decodeJson<T>(body: FieldReader): T {
  try {
    return JSON.parse(body.raw(body.left).toString()) as T;
  } catch (cause) {
    throw Object.assign(new Malformed("not JSON"), { cause });
  }
}

export function encodeDone(id: number): Buffer {
  return encodePart(Status.Done, id).bytes;
}

export function encodeStatus(
  status: typeof Status.Waiting | typeof Status.Unknown | typeof Status.Destroyed,
  id: number,
): Buffer {
  return encodePart(status, id).bytes;
}

export interface Failure {
  readonly code: string;
  readonly effect: "none" | "unknown";
  readonly message: string;
}

const MESSAGE_CHARACTERS_MAX = 2000;

export function encodeFailure(id: number, failure: Failure): Buffer {
  const message = failure.message.slice(0, MESSAGE_CHARACTERS_MAX);
  return encodePart(Status.Failed, id, 1 + textLength(failure.code) + textLength(message))
    .u8(failure.effect === "unknown" ? 1 : 0)
    .text(failure.code)
    .text(message).bytes;
}

export function decodeFailure(body: FieldReader): Failure {
  const effect = body.u8() === 1 ? "unknown" : "none";
  return { effect, code: body.text(), message: body.text() };
}

export function encodeOffered(id: number, { accepted, state, fullBy }: Offered): Buffer {
  return encodePart(Status.Done, id, 6).u32(accepted).u8(STATES.indexOf(state)).u8(FULL_BY.indexOf(fullBy))
    .bytes;
}

export function decodeOffered(body: FieldReader): Offered {
  const accepted = body.u32();
  const state = STATES[body.u8()];
  const fullBy = FULL_BY[body.u8()];
  if (state !== "open" && state !== "full" && state !== "sealed") throw new Malformed("an unknown state");
  return fullBy === undefined ? { accepted, state } : { accepted, state, fullBy };
}

/** An item on its way out: a delivery with its token, or a dead letter with its reason. */
interface ItemOut {
  readonly item: Uint8Array;
  readonly envelope?: Uint8Array | undefined;
  readonly sequence: number;
  readonly deliveries: number;
  readonly failures: number;
}

/**
 *     state (1) | count (4) | by item: sequence (8) | deliveries (4) | failures (4) | length (4) | envelope length (2) | text
 *     | items, each with its envelope behind it
 */
const TEXT_HEAD = 2;
const NO_TEXTS: readonly string[] = Object.freeze([]);

/** @param texts - one of each item, or none at all. */
function encodeItems(id: number, state: number, items: readonly ItemOut[], texts: readonly string[]): Buffer {
  let length = 5;
  for (const { item, envelope } of items)
    length += 22 + TEXT_HEAD + item.byteLength + (envelope?.byteLength ?? 0);
  for (const text of texts) length += textLength(text) - TEXT_HEAD;
  const writer = encodePart(Status.Done, id, length).u8(state).u32(items.length);
  for (let at = 0; at < items.length; at++) {
    const { sequence, deliveries, failures, item, envelope } = items[at] as ItemOut;
    writer
      .f64(sequence)
      .u32(deliveries)
      .u32(failures)
      .u32(item.byteLength)
      .u16(envelope?.byteLength ?? 0);
    writer.text(texts[at] ?? "");
  }
  for (const { item, envelope } of items) {
    writer.raw(item);
    if (envelope !== undefined) writer.raw(envelope);
  }
  return writer.bytes;
}

const ITEM_HEAD_MIN = 24;

/** The items are views of the packet, which nobody else has. */
function decodeItems<T>(body: FieldReader, make: (item: ItemOut, text: string) => T): T[] {
  const count = body.u32();
  if (count * ITEM_HEAD_MIN > body.left) throw new Malformed(`${count} items in ${body.left} bytes`);
  const heads = Array.from({ length: count }, () => ({
    sequence: body.f64(),
    deliveries: body.u32(),
    failures: body.u32(),
    length: body.u32(),
    envelopeLength: body.u16(),
    text: body.text(),
  }));
  const made = heads.map(({ sequence, deliveries, failures, length, envelopeLength, text }) => {
    const item = body.view(length);
    const envelope = envelopeLength === 0 ? undefined : body.view(envelopeLength);
    return make({ item, envelope, sequence, deliveries, failures }, text);
  });
  body.done();
  return made;
}

/** Of a plain take the tokens stay with the broker, which knows them by the request. */
export function encodePolled(id: number, { deliveries, state }: Polled, withTokens: boolean): Buffer {
  const texts = withTokens ? deliveries.map(({ token }) => String(token)) : NO_TEXTS;
  return encodeItems(id, STATES.indexOf(state), deliveries, texts);
}

export function decodePolled(body: FieldReader): Polled {
  const state = STATES[body.u8()];
  if (state !== "open" && state !== "empty" && state !== "drained") throw new Malformed("an unknown state");
  const deliveries = decodeItems(body, (item, token): Delivery => (token === "" ? item : { ...item, token }));
  return { deliveries, state };
}

/** Dead letters, as many as go into one packet. */
export interface Listed {
  readonly letters: readonly DeadLetter[];
  /** Whether there are more of those that were asked for. */
  readonly hasMore: boolean;
}

export function encodeDeadLetters(id: number, all: readonly DeadLetter[], hasMore: boolean): Buffer {
  const end = endOfPacket(all, 0, ({ item, envelope }) => item.byteLength + (envelope?.byteLength ?? 0));
  const letters = all.slice(0, end);
  const reasons = letters.map(({ reason }) => reason);
  return encodeItems(id, hasMore || end < all.length ? 1 : 0, letters, reasons);
}

export function decodeDeadLetters(body: FieldReader): Listed {
  const hasMore = body.u8() === 1;
  return { letters: decodeItems(body, (item, reason) => ({ ...item, reason })), hasMore };
}

export function encodeSettled(id: number, settled: readonly Settled[]): Buffer {
  const writer = encodePart(Status.Done, id, settled.length);
  for (const one of settled) writer.u8(one === "settled" ? 1 : 0);
  return writer.bytes;
}

export function decodeSettled(body: FieldReader): Settled[] {
  return Array.from(body.raw(body.left), (one) => (one === 1 ? "settled" : "lost"));
}

export function encodeWord(id: number, word: string): Buffer {
  return encodePart(Status.Done, id, textLength(word)).text(word).bytes;
}
