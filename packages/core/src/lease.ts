/** One consumer's exclusive, timed hold on one item. */

import { countFrom } from "./buffer-spec.js";
import { TIMEOUT_MS_MAX } from "./deadline.js";
import type { Envelope, Headers } from "./envelope.js";
import { type BufferFault, isBufferError, wrongType } from "./errors.js";
import { outcomeUnknown } from "./faults.js";
import { ownOptions } from "./options.js";
import { leaseLost, type SettlementLine } from "./settlement-line.js";
import type { Delivery, LeaseToken, Settled, Settlement } from "./transport.js";

/** What is said of a failure. */
export interface NackOptions {
  /** Goes with the item to the dead letters, if it ends there. Default `nacked`. */
  readonly reason?: string | undefined;
  /** How long, in milliseconds, before it is handed out again. From 0. Default 0. */
  readonly delayMs?: number | undefined;
}

/** What a lease needs of its consumer. */
export interface LeaseHome {
  readonly transport: string;
  readonly settlements: SettlementLine;
  /** Called when it is settled or lost. */
  forget(lease: AnyLease): void;
}

// biome-ignore lint/suspicious/noExplicitAny: a set of leases holds those of any type
export type AnyLease = Lease<any>;

type Kind = Settlement["kind"];
const SETTLE_KINDS = "ack, nack, release or bury";

/**
 * An item in hand. It keeps its slot in the buffer until it is settled: by one of `ack`, `nack`, `release` and `bury`, once.
 * The same settlement again resolves as the first did; a different one rejects `LEASE_LOST`. One that failed with
 * `effect: "none"` (`BUFFER_BUSY`) has not taken place, and may be tried again.
 *
 * After `leaseMs` without an `extend` the item may be handed on to somebody else, and then nothing said here counts.
 */
export class Lease<T> {
  readonly value: T;
  /** Position in the buffer's one sequence of accepted items, from 1. */
  readonly sequence: number;
  /** Hand-outs of this item, this one included. */
  readonly deliveries: number;
  /** Nacks, expiries and deaths of holders so far. */
  readonly failures: number;
  /** What its producer sent beside it. */
  readonly headers: Headers;
  /** When it was put, in milliseconds since 1970 on the producer's clock, if the producer stamps its items. */
  readonly putTime: number | undefined;
  /** How long it is good for after each `extend`. */
  readonly leaseMs: number;

  readonly #home: LeaseHome;
  readonly #token: LeaseToken;
  /** The settlement that was chosen, and what became of it. */
  #settled: { readonly kind: Kind; readonly result: Promise<void> } | undefined;
  #lost: BufferFault | undefined;
  /** An earlier settlement's outcome is unknown: that the token has gone may be its doing. */
  #isUnresolved = false;
  #aborter: AbortController | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #expiresAt: number;

  /** @internal */
  constructor(
    value: T,
    delivery: Delivery,
    token: LeaseToken,
    leaseMs: number,
    beside: Envelope,
    home: LeaseHome,
  ) {
    this.value = value;
    this.sequence = delivery.sequence;
    this.deliveries = delivery.deliveries;
    this.failures = delivery.failures;
    this.headers = beside.headers ?? NO_HEADERS;
    this.putTime = beside.putTime;
    this.leaseMs = leaseMs;
    this.#token = token;
    this.#home = home;
    this.#expiresAt = performance.now() + leaseMs;
  }

  /** Whether nothing has settled it yet, as far as this process knows. */
  get isOpen(): boolean {
    return this.#settled === undefined && this.#lost === undefined;
  }

  /** @internal Whether its time has passed by this process's clock. Only the authority can say whether it is lost. */
  get isExpired(): boolean {
    return this.#expiresAt <= performance.now();
  }

  /**
   * Aborted when the lease is lost: its time passed without an `extend`, an `extend` or settlement found that it had been
   * handed on, its consumer was closed, or a call of this process's handle found that the buffer was destroyed, whose
   * `BUFFER_DESTROYED` is the reason then. Not when it is settled. Hand it to what works on the item.
   */
  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#lost !== undefined) this.#aborter.abort(this.#lost);
      else if (this.isOpen) this.#watchExpiry();
    }
    return this.#aborter.signal;
  }

  /**
   * The item is done, and its slot is free.
   *
   * @throws BufferError `LEASE_LOST`, `HANDLE_CLOSED`, `OUTCOME_UNKNOWN`, `BUFFER_BUSY`, `BUFFER_DESTROYED`, and faults of
   * the medium; so do the other settlements. None waits but for a lock.
   */
  ack(): Promise<void> {
    return this.#settle({ kind: "ack", token: this.#token });
  }

  /** It failed: `failures` + 1; at `failuresMax` it goes to the dead letters, else it is handed out again at its place. */
  nack(options?: NackOptions): Promise<void> {
    try {
      const own = ownOptions("the options of a nack", options, ["reason", "delayMs"]);
      const { reason = "nacked", delayMs = 0 } = own;
      if (typeof reason !== "string") throw wrongType("`reason`", "a string", reason);
      return this.#settle({
        kind: "nack",
        token: this.#token,
        reason,
        delayMs: countFrom(0, "`delayMs`", delayMs),
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** It was not tried: it is handed out again at its place, and no failure is counted. */
  release(): Promise<void> {
    return this.#settle({ kind: "release", token: this.#token });
  }

  /** It will never be done: to the dead letters at once, with this reason. */
  bury(reason = "buried"): Promise<void> {
    if (typeof reason !== "string") return Promise.reject(wrongType("`reason`", "a string", reason));
    return this.#settle({ kind: "bury", token: this.#token, reason });
  }

  /**
   * Starts the lease's time again.
   *
   * @param leaseMs - from 1 to 2^31 - 1. Default: as it was leased.
   */
  async extend(leaseMs: number = this.leaseMs): Promise<void> {
    countFrom(1, "`leaseMs`", leaseMs, TIMEOUT_MS_MAX);
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#settled !== undefined)
      throw leaseLost(`it was settled by ${this.#settled.kind}`, this.#home.transport);
    const askedAt = performance.now();
    const settled = await this.#home.settlements.settle({ kind: "extend", token: this.#token, leaseMs });
    if (settled === "lost") throw this.lose("its time had passed, and it was handed on");
    this.#expiresAt = askedAt + leaseMs;
    if (this.#expiry !== undefined) this.#watchExpiry();
  }

  /** @internal Nothing that is said about it counts any more. */
  lose(why: string, error: BufferFault = leaseLost(why, this.#home.transport)): BufferFault {
    this.#lost ??= error;
    this.#isOver();
    this.#aborter?.abort(this.#lost);
    return this.#lost;
  }

  #settle(settlement: Settlement): Promise<void> {
    const { kind } = settlement;
    if (this.#settled !== undefined) {
      if (this.#settled.kind === kind) return this.#settled.result;
      const why = `it was settled by ${this.#settled.kind}, and only one of ${SETTLE_KINDS} counts`;
      return Promise.reject(leaseLost(why, this.#home.transport));
    }
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const result = this.#home.settlements.settle(settlement).then(
      (settled) => this.#onSettled(settled),
      (error: unknown) => {
        // Not settled, as far as anybody knows: it may be tried again.
        this.#settled = undefined;
        this.#isUnresolved ||= !(isBufferError(error) && error.effect === "none");
        throw error;
      },
    );
    this.#settled = { kind, result };
    return result;
  }

  #onSettled(settled: Settled): void {
    if (settled === "settled") {
      this.#isOver();
      return;
    }
    this.#settled = undefined;
    const lost = this.lose("its time had passed, and it was handed on or settled otherwise");
    if (!this.#isUnresolved) throw lost;
    throw outcomeUnknown("the lease was settled by an earlier try", this.#home.transport, lost);
  }

  #isOver(): void {
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#home.forget(this);
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const leftMs = Math.max(1, Math.ceil(this.#expiresAt - performance.now()));
    const onExpiry = () => {
      this.#aborter?.abort(
        leaseLost(`its ${this.leaseMs} ms passed without an extend`, this.#home.transport),
      );
    };
    this.#expiry = setTimeout(onExpiry, Math.min(leftMs, TIMEOUT_MS_MAX)).unref();
  }
}

const NO_HEADERS: Headers = Object.freeze(Object.create(null));
