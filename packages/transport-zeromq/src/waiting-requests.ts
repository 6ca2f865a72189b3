/** Requests that the broker holds until they can be answered, over all clients, first come, first served. */

import type { MaybePromise } from "@sluice/core";
import type { Session } from "./session.js";

export interface WaitingRequest {
  readonly session: Session;
  readonly id: number;
  /** How many bytes it keeps in memory. */
  readonly bytes: number;
  /** Tries once more. True if it was answered. */
  attempt(): MaybePromise<boolean>;
  /** Answers what is true of it now: nothing was done. */
  giveUp(): void;
  /** Of an offer: whether its producer has this id. */
  isBy?(producerId: string): boolean;
}

export class WaitingRequests {
  /** Whether an attempt may succeed: something has changed since one did not. */
  isWorthTrying = false;
  bytes = 0;
  // A map keeps the order of arrival, and lets one in the middle leave.
  readonly #waiting: Map<Session, Map<number, WaitingRequest>> = new Map();
  readonly #line: Set<WaitingRequest> = new Set();

  get size(): number {
    return this.#line.size;
  }

  get first(): WaitingRequest | undefined {
    return this.#line.values().next().value;
  }

  [Symbol.iterator](): IterableIterator<WaitingRequest> {
    return this.#line.values();
  }

  add(request: WaitingRequest): void {
    this.#line.add(request);
    this.bytes += request.bytes;
    const own = this.#waiting.get(request.session) ?? new Map();
    this.#waiting.set(request.session, own.set(request.id, request));
  }

  find(session: Session, id: number): WaitingRequest | undefined {
    return this.#waiting.get(session)?.get(id);
  }

  remove(request: WaitingRequest): void {
    if (!this.#line.delete(request)) return;
    this.bytes -= request.bytes;
    const own = this.#waiting.get(request.session);
    own?.delete(request.id);
    if (own?.size === 0) this.#waiting.delete(request.session);
  }

  /** Those of a client that is gone: nobody is answered. Tells which they were. */
  removeAllOf(session: Session): number[] {
    const own = [...(this.#waiting.get(session)?.values() ?? [])];
    for (const request of own) this.remove(request);
    return own.map(({ id }) => id);
  }
}
