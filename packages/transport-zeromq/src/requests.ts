/** The bodies of requests. */

import type { Envelopes, Settlement } from "@sluice/core";
import { type FieldReader, Malformed, textLength } from "./bytes.js";
import { encodePart, endOfPacket } from "./packets.js";
import { Kind } from "./protocol-numbers.js";

const SETTLEMENTS = ["ack", "nack", "release", "extend", "bury"] as const;

/** Of `Open`. `bufferId` is empty where any buffer will do. */
export function encodeOpen(id: number, bufferId: string): Buffer {
  return encodePart(Kind.Open, id, textLength(bufferId)).text(bufferId).bytes;
}

/** Requests that carry nothing. */
export function encodeBare(kind: Kind, id: number): Buffer {
  return encodePart(kind, id).bytes;
}

/** Requests that carry a number: `Confirm` and `Heard` (a request id), `Retire`, `Leave` (a number of `Producer`, of a consumer), `Requeue`, `Remove` (a sequence), `Seal` (1 to discard). */
export function encodeNumber(kind: Kind, id: number, value: number): Buffer {
  return encodePart(kind, id, 8).f64(value).bytes;
}

/** Of `GiveUp`: `count (4) | request ids (8 each)`. */
export function encodeGiveUp(id: number, ids: readonly number[]): Buffer {
  const writer = encodePart(Kind.GiveUp, id, 4 + 8 * ids.length).u32(ids.length);
  for (const one of ids) writer.f64(one);
  return writer.bytes;
}

export function decodeGiveUp(body: FieldReader): number[] {
  const count = body.u32();
  if (count * 8 > body.left) throw new Malformed(`${count} ids in ${body.left} bytes`);
  const ids: number[] = [];
  for (let n = 0; n < count; n++) ids.push(body.integer(1));
  body.done();
  return ids;
}

/** Of `Producer`: the id it is to have, empty for one without. */
export function encodeProducer(id: number, producerId: string): Buffer {
  return encodePart(Kind.Producer, id, textLength(producerId)).text(producerId).bytes;
}

/** A registration, as both sides remember it. */
export interface Registration {
  /** As it was given, or as the broker made it up. */
  readonly producerId: string;
  readonly epoch: number;
}

/** Of `Resume`: the number that the client knows it by, and what it was told when it registered. */
export function encodeResume(id: number, number: number, { producerId, epoch }: Registration): Buffer {
  return encodePart(Kind.Resume, id, 16 + textLength(producerId))
    .f64(number)
    .f64(epoch)
    .text(producerId).bytes;
}

export function decodeResume(body: FieldReader): Registration & { readonly number: number } {
  const resume = { number: body.integer(), epoch: body.integer(), producerId: body.text() };
  body.done();
  return resume;
}

/** What `Producer` is answered with, as JSON. */
export interface Registered extends Registration {
  readonly lastSequence: number;
}

export interface OfferRequest {
  readonly producer: number;
  readonly first: number;
  readonly waits: boolean;
  readonly items: readonly Uint8Array[];
  readonly envelopes: Envelopes | undefined;
}

const FLAG_WAITS = 1;
const FLAG_ENVELOPES = 2;

/**
 * Of `Offer`: the items from `from` to before `to`, copied.
 *
 *     producer (8) | first (8) | flags (1) | count (4) | lengths (4 each) | [ envelope lengths (2 each) ] | items | [ envelopes ]
 */
export function encodeOffer(id: number, offer: OfferRequest, from: number, to: number): Buffer {
  const { items, envelopes } = offer;
  const count = to - from;
  let length = 21 + 4 * count;
  for (let at = from; at < to; at++) length += (items[at] as Uint8Array).byteLength;
  if (envelopes !== undefined) {
    length += 2 * count;
    for (let at = from; at < to; at++) length += envelopes[at]?.byteLength ?? 0;
  }
  const flags = (offer.waits ? FLAG_WAITS : 0) | (envelopes === undefined ? 0 : FLAG_ENVELOPES);
  const writer = encodePart(Kind.Offer, id, length)
    .f64(offer.producer)
    .f64(offer.first + from)
    .u8(flags)
    .u32(count);
  for (let at = from; at < to; at++) writer.u32((items[at] as Uint8Array).byteLength);
  if (envelopes !== undefined) for (let at = from; at < to; at++) writer.u16(envelopes[at]?.byteLength ?? 0);
  for (let at = from; at < to; at++) writer.raw(items[at] as Uint8Array);
  if (envelopes !== undefined) {
    for (let at = from; at < to; at++) {
      const envelope = envelopes[at];
      if (envelope !== undefined) writer.raw(envelope);
    }
  }
  return writer.bytes;
}

/** Of an offer from this item on: to before which item it goes into one packet. */
export function endOfOffer({ items, envelopes }: Omit<OfferRequest, "waits">, from: number): number {
  return endOfPacket(items, from, (item, at) => 6 + item.byteLength + (envelopes?.[at]?.byteLength ?? 0));
}

/** The items are views of the packet. @throws Malformed. */
export function decodeOffer(body: FieldReader): OfferRequest {
  const producer = body.integer();
  const first = body.integer(1);
  const flags = body.u8();
  const count = body.u32();
  if (count < 1) throw new Malformed("an offer of nothing");
  const lengths = lengthsOf(body, count, 4);
  const envelopeLengths = (flags & FLAG_ENVELOPES) === 0 ? undefined : lengthsOf(body, count, 2);
  const items = lengths.map((length) => body.view(length));
  const envelopes = envelopeLengths?.map((length) => (length === 0 ? undefined : body.view(length)));
  body.done();
  return { producer, first, waits: (flags & FLAG_WAITS) !== 0, items, envelopes };
}

// Looked at before a list is made that is as long as somebody said.
function lengthsOf(body: FieldReader, count: number, size: 2 | 4): number[] {
  if (count * size > body.left) throw new Malformed(`${count} lengths in ${body.left} bytes`);
  const lengths: number[] = [];
  for (let n = 0; n < count; n++) lengths.push(size === 4 ? body.u32() : body.u16());
  return lengths;
}

export interface PollRequest {
  /** Whose leases they will be, in the client's own numbers. */
  readonly consumer: number;
  readonly max: number;
  readonly waits: boolean;
  /** 0 for a plain take, which is to be confirmed. */
  readonly leaseMs: number;
}

export function encodePoll(id: number, { consumer, max, waits, leaseMs }: PollRequest): Buffer {
  return encodePart(Kind.Poll, id, 21)
    .f64(consumer)
    .u32(max)
    .u8(waits ? FLAG_WAITS : 0)
    .f64(leaseMs).bytes;
}

export function decodePoll(body: FieldReader): PollRequest {
  const consumer = body.integer();
  const max = body.u32();
  if (max < 1) throw new Malformed("a poll for nothing");
  const waits = (body.u8() & FLAG_WAITS) !== 0;
  const leaseMs = body.integer();
  body.done();
  return { consumer, max, waits, leaseMs };
}

/** To before which of these settlements they go into one packet. */
export function endOfSettle(settlements: readonly Settlement[], from: number): number {
  return endOfPacket(settlements, from, settlementBytes);
}

function settlementBytes(one: Settlement): number {
  return 9 + textLength(String(one.token)) + textLength(reasonOf(one));
}

/** `count (4) | by settlement: kind (1) | token (text) | reason (text) | milliseconds (8)`. */
export function encodeSettle(id: number, settlements: readonly Settlement[]): Buffer {
  let length = 4;
  for (const one of settlements) length += settlementBytes(one);
  const writer = encodePart(Kind.Settle, id, length).u32(settlements.length);
  for (const one of settlements) {
    const ms = one.kind === "nack" ? one.delayMs : one.kind === "extend" ? one.leaseMs : 0;
    writer.u8(SETTLEMENTS.indexOf(one.kind)).text(String(one.token)).text(reasonOf(one)).f64(ms);
  }
  return writer.bytes;
}

// More of a text does not travel; the store keeps less.
const REASON_CHARACTERS_MAX = 512;

function reasonOf(settlement: Settlement): string {
  return "reason" in settlement ? settlement.reason.slice(0, REASON_CHARACTERS_MAX) : "";
}

export function decodeSettle(body: FieldReader): Settlement[] {
  const count = body.u32();
  if (count * 13 > body.left) throw new Malformed(`${count} settlements in ${body.left} bytes`);
  const settlements: Settlement[] = [];
  for (let n = 0; n < count; n++) settlements.push(settlementOf(body));
  body.done();
  return settlements;
}

function settlementOf(body: FieldReader): Settlement {
  const kind = SETTLEMENTS[body.u8()];
  const token = body.text();
  const reason = body.text();
  const ms = body.integer();
  switch (kind) {
    case "nack":
      return { kind, token, reason, delayMs: ms };
    case "extend":
      return { kind, token, leaseMs: Math.max(1, ms) };
    case "bury":
      return { kind, token, reason };
    case "ack":
    case "release":
      return { kind, token };
    default:
      throw new Malformed("an unknown settlement");
  }
}

export function encodeListDead(id: number, max: number, after: number): Buffer {
  return encodePart(Kind.ListDead, id, 12).u32(max).f64(after).bytes;
}

export function decodeListDead(body: FieldReader): { readonly max: number; readonly after: number } {
  const max = body.u32();
  const after = body.integer();
  body.done();
  return { max, after };
}
