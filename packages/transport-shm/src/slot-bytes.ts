/**
 * The bytes of an item: the first in its slot, the rest in a chain of chunks. The chain is the next part of the free chain as it
 * stands, and goes back to its end as it stands: taking and freeing cost the same for any number of chunks.
 */

import { damaged } from "./faults.js";
import type { Region } from "./region.js";
import { Slot, slotWord } from "./region-layout.js";

// Below this a loop over words is faster than making a view for `set`.
const LOOP_BYTES_MAX = 256;

/** How many chunks an item of so many bytes has. */
export function chunkCount({ geometry }: Region, length: number): number {
  return length <= geometry.inlineBytes
    ? 0
    : Math.ceil((length - geometry.inlineBytes) / geometry.chunkBytes);
}

/** Writes an item into a slot, and into the chunks from `first` on if there are any. Returns the chunk behind the last. */
export function writeItem(
  region: Region,
  slot: number,
  item: Uint8Array,
  length: number,
  first: number,
): number {
  const { geometry, words, bytes } = region;
  const { inlineBytes, chunkBytes } = geometry;
  const at = slotWord(geometry, slot);
  words[at + Slot.length] = length;
  const start = geometry.inlineStart + slot * inlineBytes;
  if (length <= inlineBytes) {
    bytes.set(item, start);
    return first;
  }
  bytes.set(item.subarray(0, inlineBytes), start);
  words[at + Slot.chunk] = first;
  let chunk = first;
  for (let done = inlineBytes; done < length; done += chunkBytes) {
    checkChunk(region, chunk);
    bytes.set(
      item.subarray(done, Math.min(done + chunkBytes, length)),
      geometry.chunkStart + chunk * chunkBytes,
    );
    words[at + Slot.chunkLast] = chunk;
    chunk = words[geometry.links + chunk] as number;
  }
  return chunk;
}

/** The length of the item in a slot. Nothing in the region is believed: a wrong one is `DATA_CORRUPT`. */
export function itemLength({ geometry, words }: Region, slot: number, itemMax: number): number {
  const length = words[slotWord(geometry, slot) + Slot.length] as number;
  if (length < 0 || length > itemMax) throw damaged(`an item of ${length} bytes`);
  return length;
}

/** Copies the item of a slot into `target`, from a multiple of 4 bytes on. `length` was checked. Returns it there. */
export function copyItem(
  region: Region,
  slot: number,
  length: number,
  target: CopyTarget,
  at: number,
): Uint8Array {
  copyTo(region, slot, length, target, at);
  // What `subarray` does, in half of the time.
  return new Uint8Array(target.bytes.buffer, at, length);
}

function copyTo(region: Region, slot: number, length: number, target: CopyTarget, at: number): void {
  const { geometry, words, bytes } = region;
  const { inlineBytes, chunkBytes } = geometry;
  const start = geometry.inlineStart + slot * inlineBytes;
  if (length <= inlineBytes) {
    if (length <= LOOP_BYTES_MAX) {
      // Both begin at a multiple of 4; the last word may bring bytes that are nobody's, within both.
      const end = (length + 3) >>> 2;
      const [from, to] = [start >>> 2, at >>> 2];
      for (let i = 0; i < end; i++) target.words[to + i] = words[from + i] as number;
    } else target.bytes.set(bytes.subarray(start, start + length), at);
    return;
  }
  target.bytes.set(bytes.subarray(start, start + inlineBytes), at);
  let chunk = words[slotWord(geometry, slot) + Slot.chunk] as number;
  for (let done = inlineBytes; done < length; done += chunkBytes) {
    checkChunk(region, chunk);
    const from = geometry.chunkStart + chunk * chunkBytes;
    target.bytes.set(bytes.subarray(from, from + Math.min(chunkBytes, length - done)), at + done);
    chunk = words[geometry.links + chunk] as number;
  }
}

/** Memory of this process, for items that are copied out. One serves many items. */
export interface CopyTarget {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export function newCopyTarget(byteLength: number): CopyTarget {
  // Not filled with zeros: it is written before anybody sees it.
  const memory = Buffer.allocUnsafeSlow((byteLength + 3) & ~3).buffer;
  return { words: new Int32Array(memory), bytes: new Uint8Array(memory) };
}

function checkChunk({ geometry }: Region, chunk: number): void {
  if (chunk < 0 || chunk >= geometry.chunks) throw damaged(`a chunk ${chunk}, of ${geometry.chunks}`);
}

export function checkSlot({ geometry }: Region, slot: number): number {
  if (slot < 0 || slot >= geometry.slots) throw damaged(`a slot ${slot}, of ${geometry.slots}`);
  return slot;
}
