/** Packets, and the requests and replies that lie in them one behind the other. */

import { FieldReader, FieldWriter, Malformed } from "./bytes.js";
import { PROTOCOL_VERSION } from "./protocol-numbers.js";

/** Above it what a client sends together is divided: the items of an offer, the requests of a turn. A larger one goes alone. */
const PACKET_BYTES = 256 * 1024;

/** Of the items of one hand-out; a larger one goes alone. More than above: a client reads what it asked for, and each poll is a round trip. */
export const HAND_OUT_BYTES: number = 4 * 1024 * 1024;

/** Of what stands around the items of the largest packet: heads, lengths, envelopes, names. */
const PACKET_OVERHEAD = 64 * 1024;

/** No packet is longer: a longer one is refused by ZeroMQ before anybody allocates for it. */
export function packetBytesMax(itemBytesMax: number): number {
  return Math.max(PACKET_BYTES, itemBytesMax) + PACKET_OVERHEAD;
}

/** How far a packet reaches that begins with the one at `from`: to before the one that would make it too long. */
export function endOfPacket<T>(
  all: readonly T[],
  from: number,
  bytesOf: (one: T, at: number) => number,
): number {
  let bytes = 0;
  for (let at = from; at < all.length; at++) {
    bytes += bytesOf(all[at] as T, at);
    if (bytes > PACKET_BYTES && at > from) return at;
  }
  return all.length;
}

const MAGIC: Buffer = Buffer.from([0x53, 0x4c, 0x5a, PROTOCOL_VERSION]);
export const CLIENT_ID_BYTES = 16;
export const BROKER_ID_BYTES = 8;
const CLIENT_HEAD = MAGIC.byteLength + 1 + 8;
const FLAG_INTRODUCED = 1;
const BROKER_HEAD = MAGIC.byteLength + BROKER_ID_BYTES;
const PART_HEAD = 4 + 1 + 8;

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
