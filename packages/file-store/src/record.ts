/**
 * The format of everything that is written: one record a file.
 *
 *     magic "SLCE" (4) · format (4) · head bytes (4) · head CRC-32 (4) · payload bytes (8)   all little-endian
 *     head: JSON in UTF-8
 *     payload: the bytes of the items that a commit puts; each has a CRC-32 of its own in the head
 *
 * A file may be longer than its record: a set-aside file keeps its length. The head names what the file is, so that one
 * that was recycled while somebody read it is recognised.
 */

import { crc32 } from "node:zlib";
import type { RecordFlaw } from "./record-flaw.js";

/** Changed only in a major version; a buffer of another format is refused. */
export const FORMAT_VERSION = 1;

const PREFIX_BYTES = 24;

const MAGIC = 0x45434c53;

export interface DecodedRecord {
  readonly head: object;
  /** Where the payload begins in the file. */
  readonly payloadStart: number;
  readonly payloadBytes: number;
}

/** The prefix and the head as one buffer, to be followed by the payload. */
export function encodeHead(head: unknown, payloadBytes: number): Buffer {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + headBytes);
  bytes.write(json, PREFIX_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(FORMAT_VERSION, 4);
  bytes.writeUInt32LE(headBytes, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(PREFIX_BYTES)), 12);
  bytes.writeDoubleLE(payloadBytes, 16);
  return bytes;
}

/** How many bytes from its start a reader needs before `decodeHead` can succeed; undefined if that cannot be told. */
export function headEnd(bytes: Buffer): number | undefined {
  return bytes.length < PREFIX_BYTES ? undefined : PREFIX_BYTES + bytes.readUInt32LE(8);
}

/** Decodes what stands at the start of a file. `bytes` may hold less than the payload, but must hold the head. */
export function decodeHead(bytes: Buffer): DecodedRecord | RecordFlaw {
  if (bytes.length < PREFIX_BYTES) return "torn";
  if (bytes.readUInt32LE(0) !== MAGIC)
    return bytes.subarray(0, PREFIX_BYTES).every((b) => b === 0) ? "torn" : "foreign";
  const version = bytes.readUInt32LE(4);
  if (version !== FORMAT_VERSION) return { version };
  const payloadStart = PREFIX_BYTES + bytes.readUInt32LE(8);
  if (bytes.length < payloadStart) return "torn";
  const json = bytes.subarray(PREFIX_BYTES, payloadStart);
  if (crc32(json) !== bytes.readUInt32LE(12)) return "torn";
  const payloadBytes = bytes.readDoubleLE(16);
  if (!Number.isSafeInteger(payloadBytes) || payloadBytes < 0) return "torn";
  const head = parseObject(json.toString());
  return head === undefined ? "torn" : { head, payloadStart, payloadBytes };
}

// The checksum says that it was written so, not by whom.
export function parseObject(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isFlaw<T extends object>(result: T | RecordFlaw): result is RecordFlaw {
  return typeof result === "string" || "version" in result;
}
