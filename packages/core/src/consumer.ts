/** The face of a consumer. */

import { countFrom } from "./buffer-spec.js";
import {
  type Deadline,
  deadlineFrom,
  NO_DEADLINE,
  TIMEOUT_MS_MAX,
  TRY_ONCE,
  type WaitOptions,
} from "./deadline.js";
import type { BufferFault } from "./errors.js";
import { handleClosed, portFault } from "./faults.js";
import type { Handle, OpenBuffer } from "./handle.js";
import type { AnyLease, Lease } from "./lease.js";
import { keepLease } from "./lease-renewal.js";
import { isPromise, type WaitHooks } from "./line-work.js";
import { ownOptions } from "./options.js";
import { NO_VALUE, PollLine } from "./poll-line.js";
import { SettlementLine } from "./settlement-line.js";
import { TakeCall, type TakeForm, type TakeResult } from "./take-call.js";
import type { ConsumerPort, Polled } from "./transport.js";
import { WaitingLine } from "./waiting-line.js";

/** Of `buffer.consumer()`. */
export interface ConsumerOptions extends WaitHooks {
  /** Of its leases, in milliseconds, from 1 to 2^31 - 1. Default: the buffer handle's. */
  readonly leaseMs?: number | undefined;
}

/** Of a lease that does not wait. */
export interface TryLeaseOptions {
  /** How long the lease is good for, in milliseconds, from 1 to 2^31 - 1. Default: the consumer's. */
  readonly leaseMs?: number | undefined;
}

/** Of a lease that waits. */
export interface LeaseOptions extends WaitOptions, TryLeaseOptions {}

const TAKE_OPTIONS = ["timeoutMs", "signal"] as const;
const LEASE_OPTIONS = ["timeoutMs", "signal", "leaseMs"] as const;
const TRY_LEASE_OPTIONS = ["leaseMs"] as const;
// The open leases are first looked through at this number, then at each doubling.
const OPEN_LEASES_SWEPT = 1024;
export const CONSUMER_OPTIONS: readonly (keyof ConsumerOptions)[] = ["leaseMs", "onWait", "onResume"];

/**
 * Takes items out of a buffer: `take` for at most once, `lease` for at least once. Its calls may overlap: they are honoured
 * in call order, at most `waitersMax` of them wait. It fetches nothing ahead. Made by `buffer.consumer()`.
 *
 * All calls reject, beside what is said at each, `HANDLE_CLOSED`, `OUTCOME_UNKNOWN`, `BUFFER_DESTROYED`, `BUFFER_BUSY`,
 * `TOO_MANY_WAITERS`, `STORAGE_FAILED`, `TRANSPORT_UNAVAILABLE`, `DATA_CORRUPT`.
 */
export class Consumer<T> implements Handle, AsyncDisposable, AsyncIterable<T> {
  readonly #buffer: OpenBuffer;
  readonly #port: ConsumerPort;
  readonly #polls: PollLine;
  readonly #line: WaitingLine<TakeCall, unknown>;
  readonly #settlements: SettlementLine;
  readonly #open: Set<AnyLease> = new Set();
  #openMax = OPEN_LEASES_SWEPT;
  readonly #leaseMs: number;
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(buffer: OpenBuffer, port: ConsumerPort, options: ConsumerOptions, onClosed: () => void) {
    this.#buffer = buffer;
    this.#port = port;
    this.#leaseMs = leaseMsFrom(options.leaseMs, buffer.leaseMs);
    const stopListening = buffer.destroyed.listen((fault) => this.#loseAll(fault));
    this.#onClosed = () => {
      stopListening();
      onClosed();
    };
    const { transport, waitersMax } = buffer;
    const { onWait, onResume } = options;
    const heard = (fault: BufferFault) => buffer.destroyed.heard(fault);
    this.#settlements = new SettlementLine(port, transport, heard);
    this.#polls = new PollLine(
      port,
      buffer.port,
      buffer.codec,
      { transport, waitersMax, onWait, onResume },
      {
        transport,
        settlements: this.#settlements,
        remember: (lease) => this.#remember(lease),
        heard,
        forget: (lease) => this.#open.delete(lease),
        settleAll: (settle) => this.#line.settleAll(settle),
        gatherAgain: () => this.#line.gatherAgain(),
        takeAgain: ({ form, max, leaseMs, deadline }) => this.#go(form, max, leaseMs, deadline),
      },
    );
    this.#line = new WaitingLine(this.#polls) as WaitingLine<TakeCall, unknown>;
  }

  /** How many calls wait now. */
  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Takes one item out, waiting while the buffer is empty: `{ done: false, value }`, or `{ done: true }` at the end, when
   * the buffer is sealed and nothing is ready or leased. At most once: an item taken by a process that dies is gone.
   *
   * @throws BufferError `WAIT_TIMED_OUT`; `ITEM_UNDECODABLE` with the bytes in `error.item`: that item is consumed, and the
   * next `take` gets the next one.
   *
   * Cancel safety: a rejection with `options.signal.reason` means that nothing was taken; if an item was handed out
   * meanwhile, the call resolves.
   */
  take(options?: WaitOptions): Promise<TakeResult<T>> {
    if (options === undefined) return this.#go("one", 1, undefined, NO_DEADLINE) as Promise<TakeResult<T>>;
    return this.#enter("one", 1, options, TAKE_OPTIONS, false) as Promise<TakeResult<T>>;
  }

  /** As `take`, but `"empty"` where that would wait. Never throws for empty or sealed. */
  tryTake(): Promise<TakeResult<T> | "empty"> {
    return this.#enter("try", 1, undefined, TAKE_OPTIONS, false) as Promise<TakeResult<T> | "empty">;
  }

  /**
   * Takes 1 to `max` items in order, waiting only for the first; `[]` only at the end.
   *
   * @throws as `take`; `ITEM_UNDECODABLE` carries all undecodable ones in `error.items` and the others in `error.values`.
   */
  takeMany(max: number, options?: WaitOptions): Promise<T[]> {
    return this.#enter("many", max, options, TAKE_OPTIONS, false) as Promise<T[]>;
  }

  /**
   * Leases one item, waiting while none is ready: it is this caller's until it is settled, for `leaseMs` at a time. At least
   * once: what is not acked is handed out again. An item that cannot be decoded is buried, and the call waits on.
   *
   * @throws, and is cancelled, as `take`.
   */
  lease(options?: LeaseOptions): Promise<TakeResult<Lease<T>>> {
    return this.#enter("one", 1, options, LEASE_OPTIONS, true) as Promise<TakeResult<Lease<T>>>;
  }

  /** As `lease`, but `"empty"` where that would wait. */
  tryLease(options?: TryLeaseOptions): Promise<TakeResult<Lease<T>> | "empty"> {
    return this.#enter("try", 1, options, TRY_LEASE_OPTIONS, true) as Promise<TakeResult<Lease<T>> | "empty">;
  }

  /** Leases 1 to `max` items in order, waiting only for the first; `[]` only at the end. */
  leaseMany(max: number, options?: LeaseOptions): Promise<Lease<T>[]> {
    return this.#enter("many", max, options, LEASE_OPTIONS, true) as Promise<Lease<T>[]>;
  }

  /** Take by take, until the end. Breaking out leaves the rest in its place. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    let isOver = false;
    const end = { done: true as const, value: undefined };
    return {
      next: () => (isOver ? Promise.resolve(end) : (this.take() as Promise<IteratorResult<T, undefined>>)),
      async return() {
        isOver = true;
        return end;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /**
   * Lease by lease, until the end. Each is renewed while the body runs, until the next is asked for; settle it before that.
   * One that is still open then stays open, but is renewed no more. Leaving the loop early releases the one in hand.
   */
  async *leases(options?: LeaseOptions): AsyncGenerator<Lease<T>, undefined, undefined> {
    for (;;) {
      const result = await this.lease(options);
      if (result.done) return;
      const lease = result.value;
      const stop = keepLease(lease);
      let isNextAsked = false;
      try {
        yield lease;
        isNextAsked = true;
      } finally {
        stop();
        // Should it fail, the lease expires by itself.
        if (!isNextAsked && lease.isOpen) await lease.release().catch(() => {});
      }
    }
  }

  /**
   * Ends this consumer; nobody else notices. Its waiting calls reject `HANDLE_CLOSED`, settlements under way are awaited, its
   * open leases are released, and what is said about them afterwards rejects `HANDLE_CLOSED`. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  async end(error: () => unknown): Promise<void> {
    this.#closing ??= Promise.resolve();
    this.#onClosed();
    await this.#endLines(error);
    this.#loseAll(error() as BufferFault);
  }

  async #endLines(error: () => unknown): Promise<void> {
    await Promise.all([this.#line.end(error), this.#settlements.end(error)]);
    await this.#polls.end();
  }

  async #close(): Promise<void> {
    const { transport } = this.#buffer;
    const closed = () => handleClosed("consumer", transport);
    await this.#endLines(closed);
    this.#loseAll(closed());
    try {
      await this.#port.close();
    } catch (error) {
      throw portFault(error, transport);
    } finally {
      this.#onClosed();
    }
  }

  /** Those whose time has passed unsettled are forgotten now and then: nobody settles them any more. */
  #remember(lease: AnyLease): void {
    if (this.#open.size >= this.#openMax) {
      for (const one of this.#open) if (one.isExpired) this.#open.delete(one);
      this.#openMax = Math.max(OPEN_LEASES_SWEPT, this.#open.size * 2);
    }
    this.#open.add(lease);
  }

  #loseAll(error: BufferFault): void {
    for (const lease of [...this.#open]) lease.lose("", error);
  }

  #enter(
    form: TakeForm,
    max: number,
    options: LeaseOptions | undefined,
    known: readonly string[],
    isLease: boolean,
  ): Promise<unknown> {
    let leaseMs: number | undefined;
    let deadline: Deadline;
    try {
      const own = options === undefined ? undefined : ownOptions("the options of a take", options, known);
      if (form === "many") countFrom(1, "`max`", max);
      leaseMs = isLease ? leaseMsFrom(own?.leaseMs, this.#leaseMs) : undefined;
      deadline = form === "try" ? TRY_ONCE : deadlineFrom(own);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#go(form, max, leaseMs, deadline);
  }

  #go(form: TakeForm, max: number, leaseMs: number | undefined, deadline: Deadline): Promise<unknown> {
    if (deadline === NO_DEADLINE && this.#line.mayGoAlone()) return this.#takeAlone(form, max, leaseMs);
    const call = new TakeCall(form, max, leaseMs, deadline, this.#buffer.transport);
    this.#line.enter(call);
    return call.result();
  }

  #resultOf(polled: Polled): TakeResult<unknown> | undefined {
    const value = this.#polls.valueOf(polled);
    return value === NO_VALUE ? undefined : { done: false, value };
  }

  // Where the port answers at once there is no call to keep: the shortest way through.
  #takeAlone(form: TakeForm, max: number, leaseMs: number | undefined): Promise<unknown> {
    const polled = this.#polls.pollAlone(max, leaseMs, this.#line.loneWait);
    if (leaseMs === undefined && !isPromise(polled)) {
      const result = form === "many" ? this.#polls.valuesOf(polled, max) : this.#resultOf(polled);
      if (result !== undefined) {
        this.#line.passedAlone();
        return Promise.resolve(result);
      }
    }
    const call = new TakeCall(form, max, leaseMs, NO_DEADLINE, this.#buffer.transport);
    this.#line.adopt(call, polled);
    return call.result();
  }
}

/** @throws TypeError, RangeError `INVALID_ARGUMENT`. */
export function leaseMsFrom(leaseMs: unknown, byDefault: number): number {
  return leaseMs === undefined ? byDefault : countFrom(1, "`leaseMs`", leaseMs, TIMEOUT_MS_MAX);
}
