/** What is known of slots, as it stands in the region. Nothing there is believed: what cannot be is `DATA_CORRUPT`. */

import { type BufferSpec, ENVELOPE_BYTES_MAX } from "@sluice/core";
import { read64 } from "./counter.js";
import { damaged } from "./faults.js";
import type { Region } from "./region.js";
import { REASON_BYTES_MAX, Slot, slotWord, Word } from "./region-layout.js";
import { itemLength } from "./slot-bytes.js";

/** Who holds a lease, and until when. */
export interface LeaseGrant {
  readonly holder: number;
  readonly until: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class SlotTable {
  readonly #region: Region;
  readonly #itemMax: number;

  constructor(region: Region, spec: BufferSpec) {
    this.#region = region;
    this.#itemMax = spec.itemBytesMax + ENVELOPE_BYTES_MAX;
  }

  /** The slots in a state. Looks at all of them. */
  inState(state: number): number[] {
    const { geometry, words } = this.#region;
    const found: number[] = [];
    for (let slot = 0; slot < geometry.slots; slot++) {
      if (words[slotWord(geometry, slot) + Slot.state] === state) found.push(slot);
    }
    return found;
  }

  sequenceOf(slot: number): number {
    const at = slotWord(this.#region.geometry, slot);
    return read64(this.#region.words, at + Slot.sequence, at + Slot.sequenceHigh);
  }

  lengthOf(slot: number): number {
    return itemLength(this.#region, slot, this.#itemMax);
  }

  /** How many of an item's `length` bytes are its envelope's. */
  envelopeBytesOf(slot: number, length: number): number {
    const { geometry, words } = this.#region;
    const bytes = words[slotWord(geometry, slot) + Slot.envelopeBytes] as number;
    if (bytes < 0 || bytes > ENVELOPE_BYTES_MAX || bytes > length)
      throw damaged(`an envelope of ${bytes} bytes`);
    return bytes;
  }

  holderOf(slot: number): number {
    const { geometry, words } = this.#region;
    return words[slotWord(geometry, slot) + Slot.holder] as number;
  }

  reasonOf(slot: number): string {
    const { geometry, words, bytes } = this.#region;
    const start = geometry.reasonStart + slot * REASON_BYTES_MAX;
    const length = words[slotWord(geometry, slot) + Slot.reasonBytes] as number;
    return decoder.decode(bytes.slice(start, start + Math.min(Math.max(0, length), REASON_BYTES_MAX)));
  }

  /** Writes why an item goes to the dead letters, as much of it as there is room for. Returns how many bytes it has there. */
  writeReason(slot: number, reason: string): number {
    const text = clip(reason);
    this.#region.bytes.set(text, this.#region.geometry.reasonStart + slot * REASON_BYTES_MAX);
    return text.length;
  }

  /** The earliest time at which a lease or a delay may end. */
  get nextEnd(): number {
    return this.#region.floats[Word.nextEnd / 2] as number;
  }

  set nextEnd(time: number) {
    this.#region.floats[Word.nextEnd / 2] = time;
  }

  endsNotLaterThan(until: number): void {
    if (until < this.nextEnd) this.nextEnd = until;
  }
}

function clip(reason: string): Uint8Array {
  const bytes = encoder.encode(reason);
  if (bytes.length <= REASON_BYTES_MAX) return bytes;
  // Not in the middle of a character.
  let end = REASON_BYTES_MAX - 3;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return encoder.encode(`${decoder.decode(bytes.subarray(0, end))}…`);
}
