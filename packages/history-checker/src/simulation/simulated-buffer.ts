/** A bounded buffer in one piece: right, or broken in one way. Whoever calls it decides on the instants. */

import type { Outcome } from "../operation.js";
import type { Random } from "../random.js";

export const FAULTS = [
  "last in, first out",
  "drops an item",
  "hands an item out twice",
  "capacity + 1",
  "false empty",
  "false full",
  "reorders producers",
  "late ack accepted",
  "loses an item at the seal",
  "end while leased",
  "acks twice",
  "changes bytes",
  "accepts after the seal",
  "hands out after the ack",
  "hands out a refused put",
  "hands out before the put",
  "same delivery number twice",
  "duplicates on a crash",
  "loses what a dead holder had",
  "returns to the tail",
  "expires early",
  "refuses a good ack",
  "ends without a seal",
  "frees the slot of what is in hand",
  "hands more than one to whoever dies",
  "confirms what went back",
  "exceeds its bytes",
  "counts bytes that are gone",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface SimulatedItem {
  value: string;
  deliveries: number;
  failures: number;
  order: number;
  bytes: number;
}

export interface SimulatedLease {
  readonly item: SimulatedItem;
  readonly token: number;
  /** Its delivery, as its holder is told. */
  readonly nth: number;
  /** Undefined: nobody was told that he has it. */
  readonly holder: string | undefined;
  readonly endsAt: number;
  /** Of a plain take, until it is confirmed. */
  readonly isInHand: boolean;
}

/** What came of one attempt; without outcome, it has to wait, or to confirm the lease that it was handed. */
export interface Attempt {
  readonly outcome: Outcome | undefined;
  readonly item?: SimulatedItem;
  readonly lease?: SimulatedLease;
}

const WAIT: Attempt = { outcome: undefined };

export interface BufferTerms {
  readonly capacity: number;
  readonly bytesMax?: number;
  readonly failuresMax?: number;
  readonly takesInTwoSteps: boolean;
  readonly fault?: Fault;
}

export class SimulatedBuffer {
  readonly leased: Map<number, SimulatedLease> = new Map();
  isSealed = false;
  /** Handed out before anybody put them: whoever simulates puts them afterwards. */
  readonly owed: SimulatedItem[] = [];
  /** How often the fault had its chance: a history without is right. */
  struck = 0;
  private ready: SimulatedItem[] = [];
  private readonly acked: SimulatedItem[] = [];
  private readonly random: Random;
  private readonly terms: BufferTerms;
  /** Of items that are gone, where the fault is to count them. */
  private bytesGone = 0;
  private order = 0;
  private tokens = 0;

  constructor(random: Random, terms: BufferTerms) {
    this.random = random;
    this.terms = terms;
  }

  get isEmpty(): boolean {
    return this.ready.length + this.leased.size === 0;
  }

  put(value: string, bytes: number): Attempt {
    const item = { value, deliveries: 0, failures: 0, order: ++this.order, bytes };
    if (this.isSealed && !this.strike("accepts after the seal")) {
      if (this.strike("hands out a refused put")) this.ready.push(item);
      return { outcome: "sealed" };
    }
    const isFull = this.isFullFor(bytes);
    if (!isFull && this.strike("false full")) return { outcome: "full" };
    if (isFull && !this.strike("capacity + 1")) return this.random.chance(0.2) ? { outcome: "full" } : WAIT;
    if (this.strike("drops an item", 0.1)) return { outcome: "ok" };
    if (this.strike("reorders producers")) item.order = this.random.below(this.order);
    if (this.strike("changes bytes", 0.1)) item.value = `${item.value}?`;
    this.putBack(item);
    return { outcome: "ok" };
  }

  /** @param endsAt - of a lease; undefined for a plain take. */
  handOut(holder: string | undefined, endsAt: number | undefined): Attempt {
    if (this.ready.length > 0 && this.strike("false empty")) return { outcome: "empty" };
    const again = this.acked[0];
    if (again !== undefined && this.strike("hands out after the ack")) this.putBack(again);
    if (this.ready.length === 0) {
      if (this.isSealed && (this.isEmpty || this.strike("end while leased", 1))) return { outcome: "end" };
      if (!this.isSealed && this.strike("ends without a seal", 0.1)) return { outcome: "end" };
      return this.random.chance(0.1) ? { outcome: "empty" } : WAIT;
    }
    const isWrongEnd = this.ready.length > 1 && this.strike("last in, first out");
    const item = (isWrongEnd ? this.ready.pop() : this.ready.shift()) as SimulatedItem;
    if (!this.strike("same delivery number twice")) item.deliveries++;
    if (this.strike("hands out before the put", 0.1)) {
      const future = {
        value: `early-${++this.order}`,
        deliveries: 0,
        failures: 0,
        order: this.order,
        bytes: 0,
      };
      this.putBack(future);
      this.owed.push(future);
    }
    if (endsAt === undefined && !this.terms.takesInTwoSteps) {
      if (this.strike("hands an item out twice")) this.putBack(item);
      return this.gone(item);
    }
    const isInHand = endsAt === undefined;
    const lease = this.lease(item, holder, endsAt ?? Infinity, isInHand);
    return { outcome: isInHand ? undefined : "ok", item, lease };
  }

  /** The second step of a plain take. */
  confirm({ item, token }: SimulatedLease): Attempt {
    if (this.leased.delete(token) || this.strike("confirms what went back", 1)) return this.gone(item);
    return WAIT;
  }

  /** A process was killed that had something in hand. */
  dropInHand(): void {
    if (this.ready.length < 2 || !this.strike("hands more than one to whoever dies", 1)) return;
    for (const item of this.ready.splice(0, 2)) {
      item.deliveries++;
      this.lease(item, undefined, Infinity, true);
    }
  }

  private lease(
    item: SimulatedItem,
    holder: string | undefined,
    endsAt: number,
    isInHand: boolean,
  ): SimulatedLease {
    const lease = { item, token: ++this.tokens, nth: item.deliveries, holder, endsAt, isInHand };
    this.leased.set(lease.token, lease);
    return lease;
  }

  private gone(item: SimulatedItem): Attempt {
    this.bytesGone += item.bytes;
    return { outcome: "ok", item };
  }

  private isFullFor(bytes: number): boolean {
    const { capacity, bytesMax = Infinity } = this.terms;
    const held = [...this.leased.values()];
    const inside = [...this.ready, ...held.map(({ item }) => item)];
    const sum = inside.reduce((total, item) => total + item.bytes, bytes);
    if (inside.length >= capacity) {
      const inHand = held.filter((lease) => lease.isInHand).length;
      return inside.length - inHand >= capacity || !this.strike("frees the slot of what is in hand", 1);
    }
    if (sum > bytesMax) return !this.strike("exceeds its bytes");
    return sum + this.bytesGone > bytesMax && this.strike("counts bytes that are gone");
  }

  settle(kind: "ack" | "nack" | "release", { item, token }: SimulatedLease): Attempt {
    if (!this.leased.has(token)) {
      const again = [...this.leased.values()].find((other) => other.item === item);
      if (again !== undefined && kind === "ack" && this.strike("late ack accepted", 1)) {
        this.leased.delete(again.token);
        return { outcome: "ok" };
      }
      return { outcome: kind === "ack" && this.strike("acks twice", 1) ? "ok" : "lost" };
    }
    if (this.strike("refuses a good ack", 0.1)) return { outcome: "lost" };
    this.leased.delete(token);
    if (kind === "ack") this.acked.push(item);
    else this.comeBack(item, kind === "nack" ? 1 : 0);
    return { outcome: "ok" };
  }

  seal(): Attempt {
    this.isSealed = true;
    if (this.ready.length > 0 && this.strike("loses an item at the seal", 1)) this.ready.pop();
    return { outcome: "ok" };
  }

  /** What somebody had leased comes back. @param failures - 0 or 1. */
  expire(lease: SimulatedLease, failures: number): void {
    this.leased.delete(lease.token);
    if (lease.holder === undefined && this.strike("loses what a dead holder had")) return;
    this.comeBack(lease.item, failures);
  }

  /** A process was killed that had taken this. */
  crash(item: SimulatedItem): void {
    if (this.strike("duplicates on a crash", 1)) this.putBack(item);
  }

  mayExpire(lease: SimulatedLease, now: number): boolean {
    if (lease.holder === undefined || lease.endsAt <= now) return true;
    return this.strike(lease.isInHand ? "confirms what went back" : "expires early", 0.1);
  }

  private comeBack(item: SimulatedItem, failures: number): void {
    item.failures += failures;
    if (item.failures >= (this.terms.failuresMax ?? Infinity)) return;
    if (this.ready.length > 0 && this.strike("returns to the tail", 1)) item.order = ++this.order;
    this.putBack(item);
  }

  private putBack(item: SimulatedItem): void {
    this.ready = [...this.ready, item].sort((a, b) => a.order - b.order);
  }

  private strike(kind: Fault, chance = 0.3): boolean {
    if (this.terms.fault !== kind || !this.random.chance(chance)) return false;
    this.struck++;
    return true;
  }
}
