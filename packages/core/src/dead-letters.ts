/** The items that failed too often or were buried: to look at, to put back, or to remove. */

import { countFrom } from "./buffer-spec.js";
import { decodeItem } from "./decode-item.js";
import { decodeEnvelope, type Envelope, type Headers } from "./envelope.js";
import { BufferError } from "./errors.js";
import type { OpenBuffer } from "./handle.js";
import { plain } from "./item-bytes.js";
import { ownOptions } from "./options.js";
import type { DeadLetter } from "./transport.js";

/** One dead letter. Its item may be why it died, so nothing is decoded until asked for. */
export interface BuriedItem<T> {
  /** The codec's bytes. */
  readonly item: Uint8Array;
  /** What `requeue` and `remove` name it by. */
  readonly sequence: number;
  readonly reason: string;
  readonly deliveries: number;
  readonly failures: number;
  readonly headers: Headers | undefined;
  readonly putTime: number | undefined;
  /** @throws UndecodableItemError `ITEM_UNDECODABLE`. */
  decode(): T;
}

/** Which dead letters are listed. */
export interface ListOptions {
  /** Most letters. From 1. Default 100. */
  readonly max?: number | undefined;
  /** Only those of a greater sequence: that of the last one listed, to go on from there. Default 0. */
  readonly after?: number | undefined;
}

/** Calls the port, and classes its faults; `what` says what it changes, if anything. */
type PortCall = <R>(ask: () => Promise<R>, what?: string) => Promise<R>;

const LIST_MAX_DEFAULT = 100;

/** Made by `buffer.deadLetters()`. Its calls wait for nothing but a lock. */
export class DeadLetters<T> {
  readonly #buffer: OpenBuffer;
  readonly #call: PortCall;

  /** @internal */
  constructor(buffer: OpenBuffer, call: PortCall) {
    this.#buffer = buffer;
    this.#call = call;
  }

  /** The oldest first. */
  async list(options?: ListOptions): Promise<BuriedItem<T>[]> {
    const own = ownOptions("the options of a list", options, ["max", "after"]);
    const max = countFrom(1, "`max`", own.max ?? LIST_MAX_DEFAULT);
    const after = sequenceFrom("`after`", own.after ?? 0, 0);
    const letters = await this.#call(() => this.#buffer.port.deadLetters.list(max, after));
    return letters.map((letter) => this.#open(letter));
  }

  /**
   * Puts one back at the tail, with failures 0 and a new sequence. `"full"` where the buffer has no room for it.
   *
   * @throws BufferError `BUFFER_SEALED`.
   */
  async requeue(sequence: number): Promise<"requeued" | "full" | "missing"> {
    sequenceFrom("`sequence`", sequence, 1);
    const result = await this.#call(
      () => this.#buffer.port.deadLetters.requeue(sequence),
      "the dead letter was put back",
    );
    if (result !== "sealed") return result;
    const message = "The buffer is sealed: it takes no more items, and the dead letter stays where it is";
    throw new BufferError("BUFFER_SEALED", message, { transport: this.#buffer.transport });
  }

  /** Removes one for good; it counts as discarded. */
  async remove(sequence: number): Promise<"removed" | "missing"> {
    sequenceFrom("`sequence`", sequence, 1);
    return this.#call(() => this.#buffer.port.deadLetters.remove(sequence), "the dead letter was removed");
  }

  #open(letter: DeadLetter): BuriedItem<T> {
    const { codec, transport } = this.#buffer;
    const { sequence, reason, deliveries, failures } = letter;
    const decode = () => decodeItem(codec, letter, transport).value as T;
    let beside: Envelope = {};
    try {
      beside = decodeEnvelope(letter.envelope);
    } catch {
      // It may be why the item is here: `decode` says so.
    }
    const { headers, putTime } = beside;
    return { item: plain(letter.item), sequence, reason, deliveries, failures, headers, putTime, decode };
  }
}

function sequenceFrom(what: string, sequence: unknown, min: number): number {
  return countFrom(min, what, sequence, Number.MAX_SAFE_INTEGER);
}
