/**
 * A message of the stream: four bytes that say how long the head is, the head in JSON, and, of a commit that puts items, their
 * bytes one behind the other.
 */

import type { Operation } from "@sluice/file-store";
import { faults } from "./faults.js";

/** Who made a commit, as which one of its own, and what it says. */
export interface CommitHead {
  readonly by: string;
  readonly turn: number;
  /** The number of the commit on whose state it was decided, if it bears others in between. */
  readonly base?: number;
  readonly operations: readonly Operation[];
}

const LENGTH_BYTES = 4;

/** What a message holds of which only the place in the stream matters. */
export const NOTHING: Uint8Array = new Uint8Array(0);

export function encodeRecord(head: unknown, items: readonly Uint8Array[] = []): Buffer {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  let total = LENGTH_BYTES + headBytes;
  for (const item of items) total += item.byteLength;
  const record = Buffer.allocUnsafe(total);
  record.writeUInt32LE(headBytes, 0);
  record.write(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headBytes;
  for (const item of items) {
    record.set(item, at);
    at += item.byteLength;
  }
  return record;
}

/** Of one that is whole. */
export function payloadIn(record: Buffer): Buffer {
  return record.subarray(LENGTH_BYTES + record.readUInt32LE(0));
}

/** @throws BufferError `DATA_CORRUPT`. */
export function decodeRecord<Head>(data: Uint8Array): { readonly head: Head; readonly payload: Buffer } {
  const record = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  try {
    const end = LENGTH_BYTES + record.readUInt32LE(0);
    if (end > record.length) throw new RangeError("it is cut short");
    const head = JSON.parse(record.toString("utf8", LENGTH_BYTES, end)) as Head;
    return { head, payload: record.subarray(end) };
  } catch (cause) {
    throw faults.of("DATA_CORRUPT", "A message in the stream of the buffer is not a commit", { cause });
  }
}
