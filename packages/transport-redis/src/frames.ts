/** Items as the server keeps them: two bytes that say how long the envelope is, the item, the envelope. */

import { isAscii } from "node:buffer";
import { type Delivery, partsOf } from "@sluice/core";
import { corrupt } from "./faults.js";

const HEAD_BYTES = 2;

/** A frame of so few bytes that are ASCII goes as text: ioredis sends that with less work. */
const TEXT_BYTES_MAX = 1024;

/** A copy. */
export function frameOf(item: Uint8Array, envelope: Uint8Array | undefined): Buffer | string {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + item.byteLength + (envelope?.byteLength ?? 0));
  frame.writeUInt16LE(envelope?.byteLength ?? 0, 0);
  frame.set(item, HEAD_BYTES);
  if (envelope !== undefined) frame.set(envelope, HEAD_BYTES + item.byteLength);
  return frame.byteLength <= TEXT_BYTES_MAX && isAscii(frame) ? frame.toString("latin1") : frame;
}

/** A view. @param at - where in the bytes the frame begins, which reaches to their end. @throws BufferError `DATA_CORRUPT`. */
export function itemOf(bytes: Buffer | null, at = 0): Pick<Delivery, "item" | "envelope"> {
  if (bytes === null || bytes.length < at + HEAD_BYTES) throw corrupt("an item is missing, or cut short");
  const envelopeLength = bytes.readUInt16LE(at);
  const length = bytes.length - at - HEAD_BYTES;
  if (length < envelopeLength) throw corrupt("an item is shorter than its envelope");
  return partsOf(new Uint8Array(bytes.buffer, bytes.byteOffset + at + HEAD_BYTES, length), envelopeLength);
}
