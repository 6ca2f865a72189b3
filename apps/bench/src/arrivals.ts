/** What came in at the consumers, and whether it is what was put: each item once, each producer's in order. */

import { type ItemLabel, readItem } from "./item.js";

/** One consumer's account, small enough to be sent to the parent as JSON. */
export interface Arrivals {
  readonly count: number;
  /** By producer, in hexadecimal, a bit per item: item 0 is the lowest bit of the first byte. */
  readonly seen: readonly string[];
  /** What was wrong with what this consumer got by itself; only the first of it. */
  readonly fault?: string;
}

/** Kept by a consumer while it takes. */
export class ArrivalLog {
  readonly #seen: Uint8Array[];
  readonly #last: number[];
  readonly #put: readonly number[];
  readonly #itemBytes: number;
  #count = 0;
  #fault: string | undefined;

  /** @param put - how many items each producer puts. */
  constructor(put: readonly number[], itemBytes: number) {
    this.#put = put;
    this.#itemBytes = itemBytes;
    this.#seen = put.map((count) => new Uint8Array(Math.ceil(count / 8)));
    this.#last = put.map(() => -1);
  }

  add(item: Uint8Array): void {
    this.#count += 1;
    const fault = this.#faultOf(item);
    this.#fault ??= fault;
  }

  get count(): number {
    return this.#count;
  }

  report(): Arrivals {
    const seen = this.#seen.map((bits) => Buffer.from(bits.buffer).toString("hex"));
    return { count: this.#count, seen, ...(this.#fault !== undefined && { fault: this.#fault }) };
  }

  #faultOf(item: Uint8Array): string | undefined {
    const label = readItem(item, this.#itemBytes);
    if (label === undefined) return `an item that nobody put: ${item.byteLength} bytes`;
    const { producer, number } = label;
    const seen = this.#seen[producer];
    if (seen === undefined || number >= (this.#put[producer] as number)) {
      return `${nameOf(label)}, which nobody put`;
    }
    const byte = seen[number >> 3] as number;
    const bit = 1 << (number & 7);
    if (byte & bit) return `${nameOf(label)} came twice`;
    seen[number >> 3] = byte | bit;
    const last = this.#last[producer] as number;
    if (number < last) return `${nameOf(label)} came after its item ${last}`;
    this.#last[producer] = number;
    return undefined;
  }
}

/** What is wrong with a run, by the accounts of all its consumers together; undefined if nothing is. */
export function faultOf(put: readonly number[], consumers: readonly Arrivals[]): string | undefined {
  for (const [index, { fault }] of consumers.entries()) {
    if (fault !== undefined) return `consumer ${index}: ${fault}`;
  }
  for (const [producer, count] of put.entries()) {
    const seen = consumers.map((consumer) => Buffer.from(consumer.seen[producer] ?? "", "hex"));
    const found = strayIn(seen, count);
    if (found !== undefined)
      return `item ${found.number} of producer ${producer} arrived ${found.times} times`;
  }
  const total = put.reduce((sum, count) => sum + count, 0);
  const arrived = consumers.reduce((sum, { count }) => sum + count, 0);
  return arrived === total ? undefined : `${arrived} items arrived, ${total} were put`;
}

// The first item that did not arrive once. By bytes, for there are millions of items.
function strayIn(seen: readonly Uint8Array[], count: number): { number: number; times: number } | undefined {
  for (let first = 0; first < count; first += 8) {
    const expected = count - first >= 8 ? 0xff : (1 << (count - first)) - 1;
    let once = 0;
    let twice = 0;
    for (const bits of seen) {
      const byte = bits[first >> 3] ?? 0;
      twice |= once & byte;
      once |= byte;
    }
    if (once === expected && twice === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const times = seen.filter((bits) => ((bits[first >> 3] ?? 0) >> bit) & 1).length;
      if (times !== (expected >> bit) % 2) return { number: first + bit, times };
    }
  }
  return undefined;
}

function nameOf({ producer, number }: ItemLabel): string {
  return `item ${number} of producer ${producer}`;
}
