// Items that can be told from all others, and torn ones from whole: a name, filler that follows from it, and a CRC-32.
import { crc32 } from "node:zlib";

const SIZES = [40, 100, 700, 3000, 9000];

export function itemAt(id, sequence) {
  const name = `${id} ${sequence}`;
  const bytes = Buffer.alloc(SIZES[sequence % SIZES.length], name);
  bytes.writeUInt8(name.length, 0);
  bytes.write(name, 1);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

/** The name of an item. Ends the process if it is not whole. */
export function checkedItem(bytes) {
  const item = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32(item.subarray(0, -4)) !== item.readUInt32LE(item.length - 4)) {
    process.send?.("torn");
    throw new Error(`An item of ${item.length} bytes is torn`);
  }
  return item.subarray(1, 1 + item.readUInt8(0)).toString();
}
