/** Items that are out: leased, or on their way back after a nack with a delay. */

import type { Item } from "./ready-list.js";
import type { Participant } from "./waiting-line.js";

// The longest time that a timer can be set for: 24 days.
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Lease {
  readonly item: Item;
  readonly holder: Participant;
  timer: NodeJS.Timeout;
}

export class Leases {
  readonly #leases: Map<number, Lease> = new Map();
  readonly #delayed: Set<NodeJS.Timeout> = new Set();
  readonly #onExpiry: (item: Item) => void;
  #lastToken = 0;

  // The timers of leases do not keep a process alive, or it could not end with a lease open. A call that waits while an
  // item may still come back does: this empty timer is what it holds on to.
  readonly #hold: NodeJS.Timeout = setInterval(() => {}, TIMER_MS_MAX).unref();

  constructor(onExpiry: (item: Item) => void) {
    this.#onExpiry = onExpiry;
  }

  get size(): number {
    return this.#leases.size + this.#delayed.size;
  }

  /** A token is fresh for each hand-out and never used twice: that is all that fencing needs. */
  grant(item: Item, holder: Participant, leaseMs: number): number {
    const token = ++this.#lastToken;
    this.#leases.set(token, { item, holder, timer: this.#expiry(token, leaseMs) });
    return token;
  }

  /** Starts the time again. False if the token is not current. */
  extend(handle: object, token: number, leaseMs: number): boolean {
    const lease = this.#leases.get(token);
    if (lease?.holder.handle !== handle) return false;
    clearTimeout(lease.timer);
    lease.timer = this.#expiry(token, leaseMs);
    return true;
  }

  /** Ends a lease. Undefined if the token is not current: settled before, expired, or never of this handle. */
  end(handle: object, token: number): Item | undefined {
    const lease = this.#leases.get(token);
    if (lease?.holder.handle !== handle) return undefined;
    return this.#remove(token, lease);
  }

  endAll(whose: (holder: Participant) => boolean): Item[] {
    return [...this.#leases]
      .filter(([, lease]) => whose(lease.holder))
      .map(([token, lease]) => this.#remove(token, lease));
  }

  /** Still out, but in nobody's hands. */
  delay(delayMs: number, onReturn: () => void): void {
    const timer = after(delayMs, () => {
      this.#delayed.delete(timer);
      onReturn();
    });
    this.#delayed.add(timer);
  }

  keepProcess(someoneWaits: boolean): void {
    if (someoneWaits && this.size > 0) this.#hold.ref();
    else this.#hold.unref();
  }

  stopTimers(): void {
    clearInterval(this.#hold);
    for (const { timer } of this.#leases.values()) clearTimeout(timer);
    for (const timer of this.#delayed) clearTimeout(timer);
  }

  #expiry(token: number, leaseMs: number): NodeJS.Timeout {
    return after(leaseMs, () => {
      const lease = this.#leases.get(token);
      if (lease !== undefined) this.#onExpiry(this.#remove(token, lease));
    });
  }

  #remove(token: number, lease: Lease): Item {
    clearTimeout(lease.timer);
    this.#leases.delete(token);
    return lease.item;
  }
}

/** Monotonic, as Node's timers are: setting the wall clock changes nothing. */
function after(ms: number, call: () => void): NodeJS.Timeout {
  return setTimeout(call, Math.min(ms, TIMER_MS_MAX)).unref();
}
