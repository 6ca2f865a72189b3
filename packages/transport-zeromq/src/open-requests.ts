/** A client's requests that are not answered, and what its broker is to be told of those that are. */

import type { Effect, Wait } from "@sluice/core";
import type { FieldReader } from "./bytes.js";
import { IdRanges } from "./id-ranges.js";
import * as wire from "./protocol.js";
import { Kind } from "./protocol.js";

/** Of one request. */
export interface RequestTerms {
  /** What is to be said of it where the broker cannot be asked any more. Default `none`. */
  readonly effect?: Effect;
  /** For one that the broker may hold: cancelled there when the time is over, or the signal aborted. */
  readonly wait?: Wait;
  /** It makes this client known: everything else waits for it. */
  readonly isGreeting?: boolean;
  /** It tells which others were given up. */
  readonly isTelling?: boolean;
}

export interface OpenRequest {
  readonly id: number;
  readonly part: Buffer;
  readonly effect: Effect;
  readonly answer: (body: FieldReader) => void;
  readonly fail: (error: unknown) => void;
  readonly onWaiting: (() => void) | undefined;
  readonly isGreeting: boolean;
  readonly isTelling: boolean;
  /** When it was asked, by `performance.now`. */
  readonly since: number;
  /** Handed to ZeroMQ: the broker may have it. */
  isSent: boolean;
  isCancelled: boolean;
}

export class OpenRequests {
  // In the order of their ids.
  readonly #open: Map<number, OpenRequest> = new Map();
  #lastId = 0;
  #seen = 0;
  /** Of those above `seen` that are answered, what the broker is to be told with the next packet. */
  readonly #heard: IdRanges = new IdRanges();

  get size(): number {
    return this.#open.size;
  }

  /** All requests up to this one are answered. */
  get seen(): number {
    return this.#seen;
  }

  [Symbol.iterator](): IterableIterator<OpenRequest> {
    return this.#open.values();
  }

  /** Of the one that is added next. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  add(request: OpenRequest): void {
    this.#lastId = request.id;
    this.#open.set(request.id, request);
  }

  get(id: number): OpenRequest | undefined {
    return this.#open.get(id);
  }

  ids(): number[] {
    return [...this.#open.keys()];
  }

  forget(id: number): void {
    if (!this.#open.delete(id)) return;
    if (id !== this.#seen + 1) {
      this.#heard.add(id, id);
      return;
    }
    const first = this.#open.keys().next().value;
    this.#seen = first === undefined ? this.#lastId : first - 1;
    this.#heard.removeUpTo(this.#seen);
  }

  fail(id: number, error: unknown): void {
    const request = this.#open.get(id);
    this.forget(id);
    request?.fail(error);
  }

  failAll(error: (request: OpenRequest) => unknown): void {
    for (const request of [...this]) this.fail(request.id, error(request));
  }

  /** Adds to a packet what was heard. Else a request that waits for long would let the broker keep the replies to all after it. */
  tellHeard(parts: Buffer[]): void {
    if (this.#heard.size === 0) return;
    // In front: what is kept for this client may be too much for what stands behind.
    parts.unshift(...[...this.#heard].map(({ from, to }) => wire.encodeNumber(Kind.Heard, from, to)));
    this.#heard.clear();
  }

  /** All that is not under way is told again, for what was told of it may be lost. */
  hearAgain(): void {
    this.#heard.clear();
    let before = this.#seen;
    for (const id of this.#open.keys()) {
      if (id > before + 1) this.#heard.add(before + 1, id - 1);
      before = id;
    }
    if (before < this.#lastId) this.#heard.add(before + 1, this.#lastId);
  }
}
