/** What came in at the consumers, and whether it is what was put: each item once, each producer's in order. */

import { type ItemLabel, readItem } from "./item.js";

/** One consumer's account, small enough to be sent to the parent: a bit per item, by producer. */
export interface Arrivals {
  readonly count: number;
  readonly seen: readonly Uint8Array[];
  /** What was wrong with what this consumer got by itself; only the first of it. */
  readonly fault: string | undefined;
}

/** Kept by a consumer while it takes. */
export class ArrivalLog {
  readonly #seen: Uint8Array[];
  readonly #last: number[];
  readonly #put: readonly number[];
  #count = 0;
  #fault: string | undefined;

  /** @param put - how many items each producer puts. */
  constructor(put: readonly number[]) {
    this.#put = put;
    this.#seen = put.map((count) => new Uint8Array(Math.ceil(count / 8)));
    this.#last = put.map(() => -1);
  }

  add(item: Uint8Array): void {
    this.#count += 1;
    const fault = this.#faultOf(item);
    this.#fault ??= fault;
  }

  report(): Arrivals {
    return { count: this.#count, seen: this.#seen, fault: this.#fault };
  }

  #faultOf(item: Uint8Array): string | undefined {
    const label = readItem(item);
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
    for (let number = 0; number < count; number++) {
      const times = consumers.filter(({ seen }) => hasBit(seen[producer], number)).length;
      if (times !== 1) return `item ${number} of producer ${producer} arrived ${times} times`;
    }
  }
  const total = put.reduce((sum, count) => sum + count, 0);
  const arrived = consumers.reduce((sum, { count }) => sum + count, 0);
  return arrived === total ? undefined : `${arrived} items arrived, ${total} were put`;
}

function hasBit(bits: Uint8Array | undefined, index: number): boolean {
  return (((bits?.[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

function nameOf({ producer, number }: ItemLabel): string {
  return `item ${number} of producer ${producer}`;
}
