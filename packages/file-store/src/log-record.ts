/**
 * The format of a commit in a log file, where they stand one behind the other, each at a multiple of 8 bytes:
 *
 *     magic "SLCR" (4) · bytes in all (4) · head bytes (4) · payload bytes (4) · synced up to (8)
 *     CRC-32 of head and payload (4) · CRC-32 of what stands before it (4)                      all little-endian
 *     head: JSON in UTF-8
 *     payload: the bytes of the items that the commit puts
 *     trailer (8), behind as many zeros as it takes to come to a multiple of 8
 *
 * A log file is as long as it will ever be, and filled with a word of 8 random bytes, its filler, drawn for each log. That
 * tells apart what else would look alike: the end of the log (the filler), a record whose writer was killed in the middle
 * (a beginning, and then nothing but filler), damage (a wrong checksum, and the trailer or more behind it), and a file that
 * was recycled while somebody still had it open (another filler; checksums begin with it).
 */

import { crc32 } from "node:zlib";

export const WORD_BYTES = 8;
export const PREFIX_BYTES = 32;

const MAGIC = 0x52434c53;
const TRAILER_BYTES = WORD_BYTES;

/** A record to be written. */
export interface Encoded {
  readonly bytes: Buffer;
  readonly payloadStart: number;
}

export interface LogRecord {
  readonly head: Buffer;
  readonly payload: Buffer;
  /** Where in the record the payload begins. */
  readonly payloadStart: number;
  readonly bytes: number;
  /** How much of the file was known to be on the disk when this was written. */
  readonly synced: number;
}

/** What marks one log's bytes as its own. */
export class Filler {
  readonly word: Buffer;
  readonly #trailer: Buffer;
  readonly #seed: number;
  readonly #low: number;
  readonly #high: number;

  constructor(word: Buffer) {
    this.word = word;
    this.#trailer = Buffer.from(word.map((byte) => ~byte));
    this.#seed = crc32(word);
    this.#low = word.readUInt32LE(0);
    this.#high = word.readUInt32LE(4);
  }

  /** The record's bytes, in memory that the next call writes to again. */
  encode(head: unknown, items: readonly Uint8Array[], synced: number): Encoded {
    const json = JSON.stringify(head);
    const headBytes = Buffer.byteLength(json);
    let payloadBytes = 0;
    for (const item of items) payloadBytes += item.byteLength;
    const body = PREFIX_BYTES + headBytes + payloadBytes;
    const total = Math.ceil(body / WORD_BYTES) * WORD_BYTES + TRAILER_BYTES;
    const bytes = outgoing(total);
    bytes.write(json, PREFIX_BYTES);
    const payloadStart = PREFIX_BYTES + headBytes;
    let at = payloadStart;
    for (const item of items) {
      bytes.set(item, at);
      at += item.byteLength;
    }
    bytes.fill(0, at, total - TRAILER_BYTES);
    bytes.set(this.#trailer, total - TRAILER_BYTES);
    bytes.writeUInt32LE(MAGIC, 0);
    bytes.writeUInt32LE(total, 4);
    bytes.writeUInt32LE(headBytes, 8);
    bytes.writeUInt32LE(payloadBytes, 12);
    bytes.writeDoubleLE(synced, 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(PREFIX_BYTES, body), this.#seed), 24);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 28), this.#seed), 28);
    return { bytes, payloadStart };
  }

  /**
   * Reads what stands at the start of `bytes`: a record, the filler (`end`), neither (`bad`), or a number: how many bytes it
   * takes to tell.
   *
   * @param left - how many bytes the file has from there on.
   */
  decode(bytes: Buffer, left: number): LogRecord | "end" | "bad" | number {
    if (left < PREFIX_BYTES) return "bad";
    if (bytes.length >= WORD_BYTES && this.isFiller(bytes, 0)) return "end";
    if (bytes.length < PREFIX_BYTES) return PREFIX_BYTES;
    const total = this.lengthOf(bytes);
    if (total === undefined || total > left) return "bad";
    if (bytes.length < total) return total;
    const payloadStart = PREFIX_BYTES + bytes.readUInt32LE(8);
    const bodyEnd = payloadStart + bytes.readUInt32LE(12);
    if (bodyEnd + TRAILER_BYTES > total) return "bad";
    const trailer = bytes.subarray(total - TRAILER_BYTES, total);
    const sum = crc32(bytes.subarray(PREFIX_BYTES, bodyEnd), this.#seed);
    if (sum !== bytes.readUInt32LE(24) || !trailer.equals(this.#trailer)) return "bad";
    const head = bytes.subarray(PREFIX_BYTES, payloadStart);
    const payload = bytes.subarray(payloadStart, bodyEnd);
    return { head, payload, payloadStart, bytes: total, synced: bytes.readDoubleLE(16) };
  }

  /** Length of the record that begins with these bytes; undefined if its prefix is not whole. */
  lengthOf(bytes: Buffer): number | undefined {
    if (bytes.length < PREFIX_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
    if (crc32(bytes.subarray(0, 28), this.#seed) !== bytes.readUInt32LE(28)) return undefined;
    return bytes.readUInt32LE(4);
  }

  isFiller(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32LE(at) === this.#low && bytes.readUInt32LE(at + 4) === this.#high;
  }
}

// One record is written at a time.
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

function outgoing(bytes: number): Buffer {
  if (bytes > 1024 * 1024) return Buffer.allocUnsafeSlow(bytes);
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  return scratch.subarray(0, bytes);
}
