/**
 * What client and broker say to each other: the only file that encodes and decodes. PROTOCOL.md tells it to whoever writes a client
 * in another language.
 *
 *     packet of a client   "SLZ" version (1) | flags (1) | seen (8) | [ client id (16) ] | requests
 *     packet of the broker "SLZ" version (1) | broker id (8)  | replies
 *     request              length (4) | kind (1) | request id (8) | body
 *     reply                length (4) | status (1) | request id (8) | body
 *
 * Numbers are little-endian; ids, sequences and times are doubles that hold integers. `length` counts what stands behind it.
 */

import type {
  BufferSpec,
  DeadLetter,
  Delivery,
  Envelopes,
  Offered,
  Polled,
  Settled,
  Settlement,
} from "@sluice/core";
import { FieldReader, FieldWriter, Malformed, textLength } from "./bytes.js";

/** Changes only with a major version of the package; another number is refused, naming both. */
export const PROTOCOL_VERSION = 1;

/** Above it an offer or a hand-out of several items is divided; one larger item goes alone. */
export const PACKET_BYTES: number = 256 * 1024;

/** Of what stands around the items of the largest packet: heads, lengths, envelopes, names. */
const PACKET_OVERHEAD = 64 * 1024;

/** No packet is longer: a longer one is refused by ZeroMQ before anybody allocates for it. */
export function packetBytesMax(itemBytesMax: number): number {
  return Math.max(PACKET_BYTES, itemBytesMax) + PACKET_OVERHEAD;
}

const MAGIC: Buffer = Buffer.from([0x53, 0x4c, 0x5a, PROTOCOL_VERSION]);
export const CLIENT_ID_BYTES = 16;
export const BROKER_ID_BYTES = 8;
const CLIENT_HEAD = MAGIC.byteLength + 1 + 8;
const FLAG_INTRODUCED = 1;
const BROKER_HEAD = MAGIC.byteLength + BROKER_ID_BYTES;
const PART_HEAD = 4 + 1 + 8;

/** What a request asks for. */
export const Kind = {
  Open: 1,
  Close: 2,
  Ping: 3,
  /** Of the request with this id, which is then answered with what is true; it has no answer of its own. */
  Cancel: 4,
  Producer: 5,
  Resume: 6,
  Retire: 7,
  Offer: 8,
  Consumer: 9,
  Leave: 10,
  Poll: 11,
  Confirm: 12,
  Settle: 13,
  Seal: 14,
  Counts: 15,
  Drained: 16,
  ListDead: 17,
  Requeue: 18,
  Remove: 19,
  Destroy: 20,
  Figures: 21,
  /** Of requests whose answers the client waits for no longer: what they were handed goes back. */
  GiveUp: 22,
  /** No request, and without an answer: the replies from this id to another were heard, while one before them was not. */
  Heard: 23,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** What a reply says. */
export const Status = {
  Done: 0,
  /** Not an answer yet: the broker holds the request until it can be done. */
  Waiting: 1,
  /** A fault, with its code, effect and message. */
  Failed: 2,
  /** The broker does not know this client (any more): it is to open the buffer again, and ask again. */
  Unknown: 3,
  /** Of no request (its id is 1): the buffer was destroyed, and the broker ends. */
  Destroyed: 4,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

const SETTLEMENTS = ["ack", "nack", "release", "extend", "bury"] as const;
const STATES = ["open", "full", "sealed", "empty", "drained"] as const;
const FULL_BY = [undefined, "items", "bytes"] as const;

// ---- packets

/** A request or a reply, as it lies in a packet. */
export interface Part {
  /** `Kind` or `Status`. */
  readonly type: number;
  readonly id: number;
  readonly body: FieldReader;
}

/** A request or a reply, ready to be put into a packet. */
export function encodePart(type: number, id: number, bodyLength = 0): FieldWriter {
  return new FieldWriter(PART_HEAD + bodyLength)
    .u32(PART_HEAD - 4 + bodyLength)
    .u8(type)
    .f64(id);
}

/**
 * @param clientId - as the first of a connection has it; the others have not, for ZeroMQ copies no message of more than 128 bytes, and
 * not copying wakes its sender once more.
 */
export function clientPacket(
  clientId: Uint8Array | undefined,
  seen: number,
  parts: readonly Buffer[],
): Buffer {
  if (clientId === undefined) return packet(CLIENT_HEAD, parts, (to) => to.u8(0).f64(seen));
  return packet(CLIENT_HEAD + CLIENT_ID_BYTES, parts, (to) => to.u8(FLAG_INTRODUCED).f64(seen).raw(clientId));
}

export function brokerPacket(brokerId: Uint8Array, parts: readonly Buffer[]): Buffer {
  return packet(BROKER_HEAD, parts, (to) => to.raw(brokerId));
}

function packet(head: number, parts: readonly Buffer[], write: (to: FieldWriter) => FieldWriter): Buffer {
  let length = head;
  for (const part of parts) length += part.byteLength;
  const to = write(new FieldWriter(length).raw(MAGIC));
  for (const part of parts) to.raw(part);
  return to.bytes;
}

/** Whoever sent it speaks another version. */
export class OtherVersion extends Malformed {
  readonly version: number;

  constructor(version: number) {
    super(`protocol ${version}, this one speaks ${PROTOCOL_VERSION}`);
    this.version = version;
  }
}

/** @throws Malformed, OtherVersion. The parts are read on demand: a malformed one throws when it is reached. */
export function readClientPacket(bytes: Buffer): {
  readonly clientId: Buffer | undefined;
  readonly seen: number;
  readonly parts: FieldReader;
} {
  const parts = startOf(bytes);
  const flags = parts.u8();
  const seen = parts.integer();
  return { clientId: (flags & FLAG_INTRODUCED) === 0 ? undefined : parts.raw(CLIENT_ID_BYTES), seen, parts };
}

/** @throws as `readClientPacket`. */
export function readBrokerPacket(bytes: Buffer): { readonly brokerId: Buffer; readonly parts: FieldReader } {
  const parts = startOf(bytes);
  return { brokerId: parts.raw(BROKER_ID_BYTES), parts };
}

function startOf(bytes: Buffer): FieldReader {
  const from = new FieldReader(bytes);
  if (from.u8() !== MAGIC[0] || from.u8() !== MAGIC[1] || from.u8() !== MAGIC[2])
    throw new Malformed("no magic");
  const version = from.u8();
  if (version !== PROTOCOL_VERSION) throw new OtherVersion(version);
  return from;
}

/** The next part of a packet; undefined at its end. @throws Malformed. */
export function nextPart(from: FieldReader): Part | undefined {
  if (from.left === 0) return undefined;
  const body = from.part(from.u32());
  return { type: body.u8(), id: body.integer(1), body };
}

// ---- bodies of requests

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

/** The items are views of the packet. @throws Malformed. */
export function decodeOffer(body: FieldReader): OfferRequest {
  const producer = body.integer();
  const first = body.integer(1);
  const flags = body.u8();
  const count = body.u32();
  if (count < 1) throw new Malformed("an offer of nothing");
  const lengths = lengthsOf(body, count, 4);
  const envelopeLengths = (flags & FLAG_ENVELOPES) === 0 ? undefined : lengthsOf(body, count, 2);
  const items = lengths.map((length) => body.raw(length));
  const envelopes = envelopeLengths?.map((length) => (length === 0 ? undefined : body.raw(length)));
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

/** `count (4) | by settlement: kind (1) | token (text) | reason (text) | milliseconds (8)`. */
export function encodeSettle(id: number, settlements: readonly Settlement[]): Buffer {
  let length = 4;
  for (const one of settlements) length += 9 + textLength(String(one.token)) + textLength(reasonOf(one));
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

// ---- bodies of replies

export interface Opened {
  readonly bufferId: string;
  readonly spec: BufferSpec;
  /** Whether the broker knew the client before: then it knows what became of all that it was asked. */
  readonly isKnown: boolean;
  /** Whether the broker keeps a journal, and whether that survives a power cut. */
  readonly journal: "none" | "process" | "power";
}

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
function encodeItems(id: number, state: number, items: readonly ItemOut[], texts: readonly string[]): Buffer {
  let length = 5;
  for (const { item, envelope } of items) length += 22 + item.byteLength + (envelope?.byteLength ?? 0);
  for (const text of texts) length += textLength(text);
  const writer = encodePart(Status.Done, id, length).u8(state).u32(items.length);
  for (let at = 0; at < items.length; at++) {
    const { sequence, deliveries, failures, item, envelope } = items[at] as ItemOut;
    writer
      .f64(sequence)
      .u32(deliveries)
      .u32(failures)
      .u32(item.byteLength)
      .u16(envelope?.byteLength ?? 0);
    writer.text(texts[at] as string);
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
    const item = body.raw(length);
    const envelope = envelopeLength === 0 ? undefined : body.raw(envelopeLength);
    return make({ item, envelope, sequence, deliveries, failures }, text);
  });
  body.done();
  return made;
}

/** Of a plain take the tokens stay with the broker, which knows them by the request. */
export function encodePolled(id: number, { deliveries, state }: Polled, withTokens: boolean): Buffer {
  const texts = deliveries.map(({ token }) => (withTokens ? String(token) : ""));
  return encodeItems(id, STATES.indexOf(state), deliveries, texts);
}

export function decodePolled(body: FieldReader): Polled {
  const state = STATES[body.u8()];
  if (state !== "open" && state !== "empty" && state !== "drained") throw new Malformed("an unknown state");
  const deliveries = decodeItems(body, (item, token): Delivery => (token === "" ? item : { ...item, token }));
  return { deliveries, state };
}

export function encodeDeadLetters(id: number, letters: readonly DeadLetter[]): Buffer {
  return encodeItems(
    id,
    0,
    letters,
    letters.map(({ reason }) => reason),
  );
}

export function decodeDeadLetters(body: FieldReader): DeadLetter[] {
  body.u8();
  return decodeItems(body, (item, reason) => ({ ...item, reason }));
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
