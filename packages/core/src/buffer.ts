/** The face of a buffer: one process's handle on it. */

import type { BufferSpec } from "./buffer-spec.js";
import { CONSUMER_OPTIONS, Consumer, type ConsumerOptions, leaseMsFrom } from "./consumer.js";
import { DeadLetters } from "./dead-letters.js";
import { type Deadline, deadlineFrom, now, type WaitOptions } from "./deadline.js";
import { BufferError, type Effect, wrongType } from "./errors.js";
import { afterTurn, mayGoOn } from "./event-loop-turn.js";
import { bufferDestroyed, handleClosed, outcomeUnknown, portFault } from "./faults.js";
import type { Handle, OpenBuffer } from "./handle.js";
import { onAbort } from "./on-abort.js";
import { ownOptions } from "./options.js";
import { PRODUCER_OPTIONS, Producer, type ProducerOptions } from "./producer.js";
import { stampEveryMsFrom } from "./put-stamps.js";
import type { BufferAddress, BufferCounts, MaybePromise, TransportCapabilities } from "./transport.js";

/** Of a producer's id. */
export const PRODUCER_ID_CHARACTERS_MAX = 256;

/** How a buffer is sealed. */
export interface SealOptions {
  /** Removes what is ready or parked as well, and what is given back later; all of it counts as discarded. Default false. */
  readonly discard?: boolean | undefined;
}

/**
 * A bounded buffer that is open in this process. Everything said here holds across all processes that have it open.
 * Made by `createBuffer`, `openBuffer`, `openOrCreateBuffer` and `openAddress`.
 */
export class BoundedBuffer<T> implements AsyncDisposable {
  readonly #open: OpenBuffer;
  readonly #handles: Set<Handle> = new Set();
  /** End the waits of `drained`. */
  readonly #drainWaits: Set<() => void> = new Set();
  #ended: (() => BufferError) | undefined;
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  /** @internal */
  constructor(open: OpenBuffer) {
    this.#open = open;
  }

  /** The settings it was created with. */
  get spec(): BufferSpec {
    return this.#open.port.spec;
  }

  /** What its transport promises for it. */
  get capabilities(): TransportCapabilities {
    return this.#open.port.capabilities;
  }

  /** JSON that opens it in another process, by `openAddress`. It names code to load: hand it over by environment or IPC. */
  get address(): BufferAddress {
    return this.#open.port.address;
  }

  /** Name of the transport, for messages. */
  get transport(): string {
    return this.#open.transport;
  }

  /** Registers a producer. It ends with this handle, or before, by its own `close`. */
  async producer(options?: ProducerOptions): Promise<Producer<T>> {
    const own = ownOptions("the options of a producer", options, PRODUCER_OPTIONS);
    checkProducerId(own.id);
    stampEveryMsFrom(own.stampPutTime);
    checkHooks(own);
    const port = await this.#call(() => this.#open.port.producer(own.id));
    const producer: Producer<T> = new Producer<T>(this.#open, port, own, () =>
      this.#handles.delete(producer),
    );
    return this.#add(producer);
  }

  /** Registers a consumer. It ends with this handle, or before, by its own `close`. */
  async consumer(options?: ConsumerOptions): Promise<Consumer<T>> {
    const own = ownOptions("the options of a consumer", options, CONSUMER_OPTIONS);
    leaseMsFrom(own.leaseMs, this.#open.leaseMs);
    checkHooks(own);
    const port = await this.#call(() => this.#open.port.consumer());
    const consumer: Consumer<T> = new Consumer<T>(this.#open, port, own, () =>
      this.#handles.delete(consumer),
    );
    return this.#add(consumer);
  }

  /**
   * No more items, for everyone, for ever. Puts that wait reject `BUFFER_SEALED`; takers get what is left, then the end.
   * Never waits but for a lock.
   *
   * @returns whether this call changed anything. Idempotent.
   */
  async seal(options?: SealOptions): Promise<boolean> {
    const { discard = false } = ownOptions("the options of seal", options, ["discard"]);
    if (typeof discard !== "boolean") throw wrongType("`discard`", "a boolean", discard);
    return this.#call(() => this.#open.port.seal({ discard }), "the buffer was sealed");
  }

  /** The ledger at one instant: `produced = consumed + ready + leased + parked + dead + discarded`. Waits as `seal` does. */
  async counts(): Promise<BufferCounts> {
    return this.#call(() => this.#open.port.counts(), undefined, "none");
  }

  /**
   * Waits until the buffer is sealed and nothing is ready or leased. Parked items do not hold it back.
   * A caller that holds the last open lease waits for itself: settle first.
   *
   * @throws BufferError `WAIT_TIMED_OUT`; the signal's reason.
   */
  async drained(options?: WaitOptions): Promise<void> {
    const own = ownOptions("the options of drained", options, ["timeoutMs", "signal"]);
    const deadline = deadlineFrom(own);
    const canceller = new AbortController();
    const cancel = () => canceller.abort();
    const stopListening = deadline.signal === undefined ? undefined : onAbort(deadline.signal, cancel);
    this.#drainWaits.add(cancel);
    try {
      await this.#untilDrained(deadline, canceller.signal);
    } finally {
      stopListening?.();
      this.#drainWaits.delete(cancel);
    }
  }

  /** The items that failed `failuresMax` times or were buried. */
  deadLetters(): DeadLetters<T> {
    return new DeadLetters<T>(this.#open, (ask, what) =>
      this.#call(ask, what, what === undefined ? "none" : "unknown"),
    );
  }

  /**
   * Ends this handle with its producers and consumers: their waiting calls reject `HANDLE_CLOSED`, their open leases are
   * released. The buffer, and everybody else who has it open, goes on. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Removes the buffer for everyone with all that it used, then ends this handle. Everybody's calls reject
   * `BUFFER_DESTROYED` from then on. Idempotent; if it fails, this handle is of no use but to call it again.
   */
  destroy(): Promise<void> {
    if (this.#closing !== undefined && this.#destroying === undefined) {
      return Promise.reject(handleClosed("buffer handle", this.transport));
    }
    this.#destroying ??= this.#destroy().catch((error: unknown) => {
      this.#destroying = undefined;
      throw error;
    });
    return this.#destroying;
  }

  async #untilDrained(deadline: Deadline, signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = deadline.isTry ? 0 : Math.max(0, Math.ceil(deadline.at - now()));
      const wait = { maxMs: leftMs, signal, onWait: () => {} };
      if (await this.#call(() => this.#open.port.drained(wait), undefined, "none")) return;
      if (this.#ended !== undefined) throw this.#ended();
      deadline.signal?.throwIfAborted();
      if (deadline.isTry || deadline.at <= now()) {
        const message = "The time to wait passed before the buffer was drained";
        throw new BufferError("WAIT_TIMED_OUT", message, { transport: this.transport });
      }
      if (!mayGoOn()) await new Promise<void>(afterTurn);
    }
  }

  async #close(): Promise<void> {
    const isDestroyed = await this.#destroying?.then(
      () => true,
      () => false,
    );
    if (isDestroyed === true) return;
    this.#end(() => handleClosed("buffer handle", this.transport));
    const ends = await Promise.allSettled([...this.#handles].map((handle) => handle.close()));
    try {
      await this.#open.port.close();
    } catch (error) {
      throw portFault(error, this.transport);
    }
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async #destroy(): Promise<void> {
    const destroyed = () => bufferDestroyed(this.transport);
    this.#end(destroyed);
    await Promise.all([...this.#handles].map((handle) => handle.end(destroyed)));
    try {
      await this.#open.port.destroy();
    } catch (error) {
      throw portFault(error, this.transport);
    }
  }

  #end(error: () => BufferError): void {
    this.#ended ??= error;
    for (const cancel of this.#drainWaits) cancel();
  }

  /** Where the buffer handle ended meanwhile nobody gets it: its registration ended with the port's others. */
  async #add<H extends Handle>(handle: H): Promise<H> {
    if (this.#ended === undefined) {
      this.#handles.add(handle);
      return handle;
    }
    throw this.#ended();
  }

  /** @param what - changes: where the port cannot say whether it did, that is `OUTCOME_UNKNOWN`. */
  async #call<R>(ask: () => MaybePromise<R>, what?: string, effect: Effect = "unknown"): Promise<R> {
    if (this.#ended !== undefined) throw this.#ended();
    try {
      return await ask();
    } catch (error) {
      const fault = portFault(error, this.transport, effect);
      this.#open.destroyed.heard(fault);
      if (fault.effect === "none" || what === undefined) throw fault;
      throw outcomeUnknown(what, this.transport, fault);
    }
  }
}

function checkProducerId(id: unknown): void {
  if (id === undefined) return;
  const isId =
    typeof id === "string" && id !== "" && id.length <= PRODUCER_ID_CHARACTERS_MAX && isWellFormed(id);
  if (!isId)
    throw wrongType(
      "`id`",
      `a string of 1 to ${PRODUCER_ID_CHARACTERS_MAX} characters, without lone surrogates`,
      id,
    );
}

/** Without lone surrogates, which no UTF-8 carries. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function checkHooks(options: Pick<ProducerOptions, "onWait" | "onResume">): void {
  for (const name of ["onWait", "onResume"] as const) {
    const hook = options[name];
    if (hook !== undefined && typeof hook !== "function") throw wrongType(`\`${name}\``, "a function", hook);
  }
}
