/** The face of a producer. */

import { types } from "node:util";
import { encodeItem, type Freshness, freshnessOf } from "./codec.js";
import { type Deadline, deadlineFrom, NO_DEADLINE, TRY_ONCE, type WaitOptions } from "./deadline.js";
import { encodeEnvelope, type Headers } from "./envelope.js";
import { BufferError, wrongType } from "./errors.js";
import { handleClosed, portFault } from "./faults.js";
import type { Handle, OpenBuffer } from "./handle.js";
import { copyOf, ownMethods } from "./item-bytes.js";
import type { WaitHooks } from "./line-work.js";
import { OfferLine } from "./offer-line.js";
import { ownOptions } from "./options.js";
import { PutCall, type PutForm, type TryPutResult } from "./put-call.js";
import { PutStamps, type StampPutTime, stampEveryMsFrom } from "./put-stamps.js";
import type { ProducerPort } from "./transport.js";
import { WaitingLine } from "./waiting-line.js";

/** Of `buffer.producer()`. */
export interface ProducerOptions extends WaitHooks {
  /**
   * Names a producer that will come back, in this process or another: it then finds in `lastSequence` how far it came. An id
   * has one holder; an earlier one's calls reject `HANDLE_CLOSED`. Omitted: a new producer, forgotten when it is closed.
   */
  readonly id?: string | undefined;
  /** Whether items carry the time of their put, for `lease.putTime`. Costs 9 bytes an item that does. Default false. */
  readonly stampPutTime?: StampPutTime | undefined;
}

/** Of a put that does not wait. */
export interface TryPutOptions {
  /** Text that travels beside the item, at most about 1,000 bytes of it. */
  readonly headers?: Headers | undefined;
}

/** Of a put that waits. */
export interface PutOptions extends WaitOptions, TryPutOptions {}

// What a put resolves to that went through at once: the same for all.
const PUT: Promise<void> = Promise.resolve();
const PUT_OPTIONS = ["timeoutMs", "signal", "headers"] as const;
const TRY_PUT_OPTIONS = ["headers"] as const;
export const PRODUCER_OPTIONS: readonly (keyof ProducerOptions)[] = [
  "id",
  "stampPutTime",
  "onWait",
  "onResume",
];

/**
 * Puts items into a buffer. Its calls may overlap: they are honoured in call order, at most `waitersMax` of them wait, and
 * those that wait are offered together. Made by `buffer.producer()`.
 */
export class Producer<T> implements Handle, AsyncDisposable {
  readonly #buffer: OpenBuffer;
  readonly #offers: OfferLine;
  readonly #line: WaitingLine<PutCall, unknown>;
  readonly #stamps: PutStamps | undefined;
  readonly #itemBytesMax: number;
  readonly #freshness: Freshness;
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  /** The name it was registered under, if any. */
  readonly id: string | undefined;

  /** @internal */
  constructor(buffer: OpenBuffer, port: ProducerPort, options: ProducerOptions, onClosed: () => void) {
    this.#buffer = buffer;
    this.id = options.id;
    const everyMs = stampEveryMsFrom(options.stampPutTime);
    this.#stamps = everyMs === undefined ? undefined : new PutStamps(everyMs);
    this.#itemBytesMax = buffer.port.spec.itemBytesMax;
    this.#freshness = freshnessOf(buffer.codec);
    this.#onClosed = onClosed;
    const { transport, waitersMax } = buffer;
    const { id, onWait, onResume } = options;
    this.#offers = new OfferLine(
      port,
      buffer.port,
      { transport, waitersMax, id, onWait, onResume },
      (settle) => this.#line.settleAll(settle),
      (fault) => buffer.destroyed.heard(fault),
    );
    this.#line = new WaitingLine(this.#offers) as WaitingLine<PutCall, unknown>;
  }

  /**
   * How many items this producer has put, as far as it knows: with an `id`, those of its earlier lives too. After an
   * `OUTCOME_UNKNOWN` it is made certain by the next put (with an `id`; without one, an item of unknown outcome is not in it).
   */
  get lastSequence(): number {
    return this.#offers.lastSequence;
  }

  /** How many calls wait now. */
  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Puts one item, waiting while the buffer is full. Resolves once the buffer has it, as durably as it has anything.
   *
   * @param value - encoded before this returns, so that a later change of it changes nothing; at most `itemBytesMax` bytes.
   * @throws BufferError `BUFFER_SEALED`, `WAIT_TIMED_OUT`, `HANDLE_CLOSED`, `ITEM_TOO_LARGE`, `ITEM_UNENCODABLE`,
   * `OUTCOME_UNKNOWN`, `BUFFER_DESTROYED`, `BUFFER_BUSY`, `TOO_MANY_WAITERS`, `STORAGE_FULL`, `STORAGE_FAILED`,
   * `TRANSPORT_UNAVAILABLE`, `DATA_CORRUPT`.
   *
   * Cancel safety: a rejection with `options.signal.reason` means that the item was not put; if it was accepted meanwhile,
   * the call resolves. Where nobody can tell, it rejects `OUTCOME_UNKNOWN` with the reason as its cause.
   */
  put(value: T, options?: PutOptions): Promise<void> {
    return (
      options === undefined ? this.#putPlain(value) : this.#enter("put", [value], options, PUT_OPTIONS)
    ) as Promise<void>;
  }

  /**
   * Puts one item if there is room, and never waits for room. Never throws for full or sealed; for faults as `put` does.
   */
  tryPut(value: T, options?: TryPutOptions): Promise<TryPutResult> {
    return this.#enter("tryPut", [value], options, TRY_PUT_OPTIONS) as Promise<TryPutResult>;
  }

  /**
   * Puts items in order, waiting for room as often as it takes. All are encoded first: one that cannot be put rejects the
   * call before any is.
   *
   * @returns how many were accepted, an ordered prefix: all of them, unless time-out, abort, seal, close or a fault without
   * effect stopped it after the first. Rejects as `put` does if none was accepted.
   */
  putMany(values: Iterable<T>, options?: PutOptions): Promise<number> {
    return this.#enter("putMany", values, options, PUT_OPTIONS) as Promise<number>;
  }

  /**
   * Ends this producer; nobody else notices. Its waiting calls reject `HANDLE_CLOSED` (`OUTCOME_UNKNOWN` where that is true).
   * Resolves when the port has answered for the call it had in hand. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  end(error: () => unknown): Promise<void> {
    this.#closing ??= Promise.resolve();
    this.#onClosed();
    return this.#line.end(error);
  }

  async #close(): Promise<void> {
    const { transport } = this.#buffer;
    await this.#line.end(() => handleClosed("producer", transport));
    try {
      await this.#offers.close();
    } catch (error) {
      throw portFault(error, transport);
    } finally {
      this.#onClosed();
    }
  }

  #enter(
    form: PutForm,
    values: Iterable<T>,
    options: PutOptions | undefined,
    known: readonly string[],
  ): Promise<unknown> {
    let encoded: Encoded;
    let envelope: Uint8Array | undefined;
    let deadline: Deadline;
    try {
      const own = options === undefined ? undefined : ownOptions("the options of a put", options, known);
      deadline = form === "tryPut" ? TRY_ONCE : deadlineFrom(own);
      envelope = this.#envelope(own?.headers);
      encoded = this.#encode(values);
    } catch (error) {
      return Promise.reject(error);
    }
    const { items, isKept } = encoded;
    if (items.length === 0 && !this.#line.isEnded) return Promise.resolve(0);
    return this.#go(form, items, isKept, envelope, deadline);
  }

  // What `#enter` does, for the call that is made most.
  #putPlain(value: T): Promise<unknown> {
    let item: Uint8Array;
    let envelope: Uint8Array | undefined;
    try {
      if (this.#stamps !== undefined) envelope = this.#envelope(undefined);
      item = this.#encodeOne(value);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#go("put", [item], this.#freshness === "fresh", envelope, NO_DEADLINE);
  }

  #go(
    form: PutForm,
    items: readonly Uint8Array[],
    isKept: boolean,
    envelope: Uint8Array | undefined,
    deadline: Deadline,
  ): Promise<unknown> {
    const isAlone =
      deadline === NO_DEADLINE && this.#offers.isOneOffer(items, envelope) && this.#line.mayGoAlone();
    if (isAlone && (isKept || this.#offers.copiesAtOnce))
      return this.#putAlone(form, items, isKept, envelope);
    let kept = items;
    try {
      if (!isKept) kept = items.map(copyOf);
    } catch (error) {
      return Promise.reject(error);
    }
    if (isAlone) return this.#putAlone(form, kept, true, envelope);
    const call = new PutCall(form, kept, envelope, deadline, this.#offers);
    this.#line.enter(call);
    return call.result();
  }

  // Where the port answers at once there is no call to keep: the shortest way through.
  #putAlone(
    form: PutForm,
    items: readonly Uint8Array[],
    isKept: boolean,
    envelope: Uint8Array | undefined,
  ): Promise<unknown> {
    const answer = this.#offers.offerAlone(items, envelope, this.#line.loneWait);
    if (answer === true) {
      this.#line.passedAlone();
      return form === "putMany" ? Promise.resolve(items.length) : PUT;
    }
    // Nobody but the port has run meanwhile: they still are what they were.
    const call = new PutCall(form, isKept ? items : kept(items), envelope, NO_DEADLINE, this.#offers);
    this.#line.adopt(call, answer(call));
    return call.result();
  }

  /** Encodes all of them, before any is put. */
  #encode(values: Iterable<T>): Encoded {
    if (typeof values?.[Symbol.iterator] !== "function") throw wrongType("the items", "an iterable", values);
    const items: Uint8Array[] = [];
    // Between one and the next another's code may run, and write to the bytes that the one before was encoded to.
    const mayBeWritten = this.#freshness !== "fresh" && (this.#freshness === "reused" || !isList(values));
    for (const value of values) {
      const item = this.#encodeOne(value);
      items.push(mayBeWritten ? copyOf(item) : item);
    }
    return { items, isKept: mayBeWritten || this.#freshness === "fresh" };
  }

  #encodeOne(value: T): Uint8Array {
    const item = ownMethods(encodeItem(this.#buffer.codec, value));
    if (item.byteLength > this.#itemBytesMax) {
      const message = `The item has ${item.byteLength} bytes, and at most ${this.#itemBytesMax} (\`itemBytesMax\`) are allowed`;
      throw new BufferError("ITEM_TOO_LARGE", message, { transport: this.#buffer.transport });
    }
    return item;
  }

  #envelope(headers: Headers | undefined): Uint8Array | undefined {
    const putTime = this.#stamps?.next();
    return putTime === undefined && headers === undefined ? undefined : encodeEnvelope({ putTime, headers });
  }
}

interface Encoded {
  readonly items: readonly Uint8Array[];
  /** Whether nobody else will write to them. */
  readonly isKept: boolean;
}

function kept(items: readonly Uint8Array[]): readonly Uint8Array[] {
  try {
    return items.map(copyOf);
  } catch {
    // Shared memory that grows just now. The port has its copy; should it be asked again, what is put is what is read then.
    return items;
  }
}

const arrayIterator = Array.prototype[Symbol.iterator];

/** Whether going through it runs nobody's code but JavaScript's own, unless its elements are accessors. */
function isList(values: Iterable<unknown>): boolean {
  return Array.isArray(values) && values[Symbol.iterator] === arrayIterator && !types.isProxy(values);
}
