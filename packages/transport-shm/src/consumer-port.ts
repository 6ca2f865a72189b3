/** Takes and leases items from the region, and settles leases. */

import { setImmediate as turn } from "node:timers/promises";
import {
  type ConsumerPort,
  type Delivery,
  type LeaseTerms,
  type LeaseToken,
  type MaybePromise,
  type Polled,
  partsOf,
  type Settled,
  type Settlement,
  type Wait,
} from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import type { ConsumersSide } from "./consumers-side.js";
import { ItemCopies } from "./item-copies.js";
import type { Fate } from "./leased-slots.js";
import { OwedWakes } from "./owed-wakes.js";
import { BUSY, type Busy } from "./patience.js";
import { Slot, slotWord, Word } from "./region-layout.js";
import type { SharedBuffer } from "./shared-buffer.js";
import type { LeaseGrant } from "./slot-table.js";
import { Spin } from "./spin.js";

const EMPTY: Polled = Object.freeze({ deliveries: [], state: "empty" });
const DRAINED: Polled = Object.freeze({ deliveries: [], state: "drained" });
const CANCELLED: Polled = Object.freeze({ deliveries: [], state: "open" });

export class ShmConsumerPort implements ConsumerPort {
  readonly #buffer: SharedBuffer;
  readonly #words: Int32Array;
  readonly #copies = new ItemCopies();
  readonly #spin = new Spin();
  // Leases of this consumer, and the slots that they are on.
  readonly #leases = new Map<LeaseToken, number>();
  #isClosed = false;
  // The poll under way: there is one at most, and so none of these has to be made anew for each.
  #max = 1;
  #terms: LeaseTerms | undefined;
  readonly #step = (consumers: ConsumersSide) => this.#handOut(consumers, this.#max, this.#terms);

  constructor(buffer: SharedBuffer) {
    this.#buffer = buffer;
    this.#words = buffer.region.words;
  }

  poll(max: number, wait: Wait, lease?: LeaseTerms): MaybePromise<Polled> {
    // Those who were woken have slept long enough.
    if (wait.maxMs > 0 && this.#buffer.isForOthers) return turn().then(() => this.#poll(max, wait, lease));
    return this.#poll(max, wait, lease);
  }

  #poll(max: number, wait: Wait, lease: LeaseTerms | undefined): MaybePromise<Polled> {
    if (this.#isClosed || wait.signal.aborted) return CANCELLED;
    const produced = Atomics.load(this.#words, Word.produced);
    this.#max = max;
    this.#terms = lease;
    const hasSpun = wait.maxMs > 0 && this.#buffer.seemsEmpty;
    if (hasSpun) this.#spinUntilNot(produced);
    const polled = this.#attempt();
    if (polled === BUSY || (polled === EMPTY && wait.maxMs > 0))
      return this.#later(polled, hasSpun ? undefined : produced, wait);
    return polled;
  }

  settle(settlements: readonly Settlement[]): MaybePromise<readonly Settled[]> {
    return this.#buffer.untilHad(() =>
      this.#buffer.consume((consumers) =>
        settlements.map((settlement) => (this.#settle(consumers, settlement) ? "settled" : "lost")),
      ),
    );
  }

  /** Ends it: leases that it holds are released. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const settlements = [...this.#leases.keys()].map((token) => ({ kind: "release", token }) as const);
    if (settlements.length > 0 && !this.#buffer.isDestroyed) await this.settle(settlements);
  }

  /** @param produced - as it was before the first attempt; undefined if the spin was before that. */
  #later(first: Polled | Busy, produced: number | undefined, wait: Wait): MaybePromise<Polled> {
    if (first === BUSY) {
      const had = this.#buffer.untilHad(() => this.#attempt(), first);
      return Promise.resolve(had).then((polled) =>
        polled === EMPTY && wait.maxMs > 0 && !wait.signal.aborted ? this.#wait(wait) : polled,
      );
    }
    if (produced !== undefined && this.#spinUntilNot(produced)) {
      const polled = this.#attempt();
      if (polled !== BUSY && polled !== EMPTY) return polled;
    }
    return this.#wait(wait);
  }

  // What this process owes goes out first: the one it waits for may be waiting for that.
  #spinUntilNot(produced: number): boolean {
    OwedWakes.flushAll();
    return this.#spin.until(this.#words, Word.produced, produced);
  }

  #wait(wait: Wait): Promise<Polled> {
    return this.#buffer.waiters.wait<Polled>(
      {
        attempt: () => {
          if (this.#isClosed) return CANCELLED;
          const polled = this.#attempt();
          return polled === EMPTY ? undefined : polled;
        },
        giveUp: (isAborted) => (isAborted ? CANCELLED : EMPTY),
        set: () => "item",
      },
      wait,
    );
  }

  #attempt(): Polled | Busy {
    const polled = this.#buffer.consume(this.#step);
    // Someone who holds a lease may have died without a sign.
    if (polled !== EMPTY || (this.#words[Word.leased] as number) === 0 || !this.#buffer.probe())
      return polled;
    return this.#buffer.consume(this.#step);
  }

  #handOut(consumers: ConsumersSide, max: number, lease: LeaseTerms | undefined): Polled {
    // Sealed is read before what is ready: a put and the seal could come between, and the end would be told too early.
    const { isSealed } = consumers;
    const returned = consumers.returned.count;
    const fresh = consumers.fresh.count;
    if (returned + fresh === 0) return isSealed && consumers.leased.count === 0 ? DRAINED : EMPTY;
    if (this.#leases.size > 2 * this.#buffer.spec.capacity) this.#forgetLost(consumers);
    const deliveries: Delivery[] = [];
    if (returned > 0) this.#handOutReturned(consumers, Math.min(max, returned), lease, deliveries);
    const count = Math.min(fresh, max - deliveries.length);
    if (count === 0) return { deliveries, state: "open" };
    // Read before the commit that hands them out: afterwards the slots may be somebody else's.
    const first = lease === undefined ? undefined : consumers.nextLease;
    for (let i = 0; i < count; i++) {
      const slot = consumers.fresh.slot(i);
      const token = first === undefined ? undefined : first + i;
      deliveries.push(this.#read(consumers, slot, token));
    }
    if (lease === undefined) consumers.fresh.end(count, "consumed");
    else consumers.fresh.lease(count, this.#grant(lease));
    return { deliveries, state: "open" };
  }

  #handOutReturned(
    consumers: ConsumersSide,
    count: number,
    lease: LeaseTerms | undefined,
    into: Delivery[],
  ): void {
    for (let i = 0; i < count; i++) {
      const slot = consumers.returned.oldest;
      into.push(this.#read(consumers, slot, lease === undefined ? undefined : consumers.nextLease));
      if (lease === undefined) consumers.returned.end(slot, "consumed");
      else consumers.returned.lease(slot, this.#grant(lease));
    }
  }

  #grant(lease: LeaseTerms): LeaseGrant {
    return { holder: this.#buffer.me, until: monotonicMs() + lease.leaseMs };
  }

  #read(consumers: ConsumersSide, slot: number, token: number | undefined): Delivery {
    const { region } = this.#buffer;
    const { words, geometry } = region;
    const at = slotWord(geometry, slot);
    const length = consumers.slots.lengthOf(slot);
    const envelopeBytes = consumers.slots.envelopeBytesOf(slot, length);
    const item = this.#copies.of(region, slot, length);
    const sequence = consumers.slots.sequenceOf(slot);
    const deliveries = (words[at + Slot.deliveries] as number) + 1;
    const failures = words[at + Slot.failures] as number;
    if (token !== undefined) this.#leases.set(token, slot);
    const told =
      token === undefined
        ? { item, sequence, deliveries, failures }
        : { item, sequence, deliveries, failures, token };
    return envelopeBytes === 0 ? told : { ...told, ...partsOf(item, envelopeBytes) };
  }

  // Leases that ran out and that nobody settles: there are no more open ones than the capacity.
  #forgetLost(consumers: ConsumersSide): void {
    for (const [token, slot] of this.#leases) {
      if (!consumers.leased.holds(slot, token as number, this.#buffer.me)) this.#leases.delete(token);
    }
  }

  #settle(consumers: ConsumersSide, settlement: Settlement): boolean {
    const { token } = settlement;
    const slot = this.#leases.get(token);
    const isHeld = slot !== undefined && consumers.leased.holds(slot, token as number, this.#buffer.me);
    if (settlement.kind !== "extend" || !isHeld) this.#leases.delete(token);
    if (!isHeld) return false;
    if (settlement.kind === "extend") consumers.leased.extend(slot, monotonicMs() + settlement.leaseMs);
    else consumers.leased.settle(slot, fateOf(settlement));
    return true;
  }
}

function fateOf(settlement: Exclude<Settlement, { kind: "extend" }>): Fate {
  switch (settlement.kind) {
    case "ack":
      return { kind: "consumed" };
    case "release":
      return { kind: "back" };
    case "bury":
      return { kind: "buried", reason: settlement.reason };
    case "nack": {
      const { reason, delayMs } = settlement;
      return { kind: "failed", reason, until: delayMs > 0 ? monotonicMs() + delayMs : 0 };
    }
  }
}
