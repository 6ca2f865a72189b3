/** The items that may be handed out, smallest sequence first. */

export interface Item {
  /** Position in the buffer's one sequence; a returned item keeps it, which is what "in place" means. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** What stays beside it. */
  readonly envelope: Uint8Array | undefined;
  deliveries: number;
  failures: number;
}

/** What an item, with its envelope, counts towards the bound on bytes. */
export function sizeOf({ bytes, envelope }: Pick<Item, "bytes" | "envelope">): number {
  return bytes.byteLength + (envelope?.byteLength ?? 0);
}

/**
 * Two lists are enough: items are handed out in sequence, so everything that comes back is older than everything that
 * was never handed out. The returned ones stand in front, sorted; the fresh ones behind them, first in, first out.
 */
export class ReadyList {
  readonly #returned: Item[] = [];
  #fresh: (Item | undefined)[] = [];
  // `shift` moves the whole array, so the head moves instead, and the room behind it is given back now and then.
  #head = 0;

  get size(): number {
    return this.#returned.length + this.#fresh.length - this.#head;
  }

  /** A new item: its sequence is the largest so far. */
  append(item: Item): void {
    this.#fresh.push(item);
  }

  putBack(item: Item): void {
    insertBySequence(this.#returned, item);
  }

  shift(): Item | undefined {
    if (this.#returned.length > 0) return this.#returned.shift();
    const item = this.#fresh[this.#head];
    if (item === undefined) return undefined;
    this.#fresh[this.#head++] = undefined;
    if (this.#head >= 1024 && this.#head * 2 >= this.#fresh.length) {
      this.#fresh = this.#fresh.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** Into a list sorted by sequence; looked for from the end, where it usually belongs. */
export function insertBySequence<T extends { readonly sequence: number }>(list: T[], one: T): void {
  let at = list.length;
  while (at > 0 && (list[at - 1] as T).sequence > one.sequence) at--;
  list.splice(at, 0, one);
}
