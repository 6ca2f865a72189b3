/** What a state says of one item, wherever the item is, and of one producer. */

/** An item. Its bytes stay in the file of the commit that put them, where there is one. */
export interface Item {
  readonly sequence: number;
  /** Number of the commit that put it: names the file. */
  readonly commit: number;
  /** Where its bytes begin behind the head of that file, how many they are with those of its envelope, and their CRC-32. */
  readonly offset: number;
  readonly length: number;
  readonly sum: number;
  /** How many of them, at their end, are those of the envelope. */
  readonly envelopeLength: number;
  deliveries: number;
  failures: number;
  /** The bytes themselves, where the store has no other place for them. Nobody changes them. */
  readonly bytes: Uint8Array | undefined;
}

export interface Leased {
  readonly item: Item;
  /** The handle that holds it; undefined for a nacked item whose delay has not passed. */
  readonly handle: string | undefined;
  /** When it ends by time, or `NEVER`. */
  until: number;
}

/** End of a lease that no time ends. A number like the others, some 285,000 years away: JSON has no infinity. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

/** An item that is done for, and why. */
export interface Fallen {
  readonly sequence: number;
  readonly item: Item;
  readonly reason: string;
}

export interface ProducerRecord {
  /** Number of the commit that registered its present holder. */
  readonly epoch: number;
  readonly handle: string;
  readonly named: boolean;
  /** Sequence of its last accepted item. */
  last: number;
}
