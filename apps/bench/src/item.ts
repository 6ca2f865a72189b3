/**
 * The items: printable ASCII that names its producer and its number, at both ends, so that a torn item is noticed. Cheap to
 * make and to check, or the benchmark would measure itself. `peers/native/harness.h` and `python-queue.py` make the same.
 */

export const ITEM_BYTES_DEFAULT = 64;
/** Room for both labels. */
export const ITEM_BYTES_MIN = 20;
export const ITEM_BYTES_MAX = 65_536;

/** Producers are told apart by one digit. */
export const PRODUCERS_MAX = 10;
export const ITEMS_MAX = 999_999_999;

const DIGITS = 9;
const LABEL_BYTES = 1 + DIGITS;
const ZERO = 0x30;
const FILL = 0x78;

export interface ItemLabel {
  readonly producer: number;
  /** From 0, dense per producer. */
  readonly number: number;
}

/** Makes a producer's items, all of this size. */
export function itemMaker(producer: number, itemBytes: number): (number: number) => Uint8Array {
  const template = new Uint8Array(itemBytes).fill(FILL);
  return (number) => {
    const item = template.slice();
    writeLabel(item, 0, producer, number);
    writeLabel(item, itemBytes - LABEL_BYTES, producer, number);
    return item;
  };
}

/** Undefined for anything that no maker of items of this size made. */
export function readItem(item: Uint8Array, itemBytes: number): ItemLabel | undefined {
  if (item.byteLength !== itemBytes) return undefined;
  let number = 0;
  for (let i = 0; i < LABEL_BYTES; i++) {
    const digit = (item[i] as number) - ZERO;
    if (digit < 0 || digit > 9 || item[i] !== item[itemBytes - LABEL_BYTES + i]) return undefined;
    if (i > 0) number = number * 10 + digit;
  }
  return { producer: (item[0] as number) - ZERO, number };
}

function writeLabel(item: Uint8Array, at: number, producer: number, number: number): void {
  item[at] = ZERO + producer;
  let rest = number;
  for (let i = at + DIGITS; i > at; i--) {
    item[i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
