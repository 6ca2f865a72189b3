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
] as const;

export type Fault = (typeof FAULTS)[number];

export interface SimulatedItem {
  value: string;
  deliveries: number;
  failures: number;
  order: number;
}

export interface SimulatedLease {
  readonly item: SimulatedItem;
  readonly token: number;
  /** Its delivery, as its holder is told. */
  readonly nth: number;
  /** Undefined: nobody was told that he has it. */
  readonly holder: string | undefined;
  readonly endsAt: number;
}

/** What came of one attempt; without outcome, it has to wait. */
export interface Attempt {
  readonly outcome: Outcome | undefined;
  readonly item?: SimulatedItem;
  readonly lease?: SimulatedLease;
}

const WAIT: Attempt = { outcome: undefined };

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
  private readonly capacity: number;
  private readonly fault: Fault | undefined;
  private readonly failuresMax: number;
  private order = 0;
  private tokens = 0;

  constructor(random: Random, capacity: number, failuresMax: number, fault?: Fault) {
    this.random = random;
    this.capacity = capacity;
    this.failuresMax = failuresMax;
    this.fault = fault;
  }

  get isEmpty(): boolean {
    return this.ready.length + this.leased.size === 0;
  }

  put(value: string): Attempt {
    const item = { value, deliveries: 0, failures: 0, order: ++this.order };
    if (this.isSealed && !this.strike("accepts after the seal")) {
      if (this.strike("hands out a refused put")) this.ready.push(item);
      return { outcome: "sealed" };
    }
    const isFull = this.ready.length + this.leased.size >= this.capacity;
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
      const future = { value: `early-${++this.order}`, deliveries: 0, failures: 0, order: this.order };
      this.putBack(future);
      this.owed.push(future);
    }
    if (endsAt === undefined) {
      if (this.strike("hands an item out twice")) this.putBack(item);
      return { outcome: "ok", item };
    }
    const lease = { item, token: ++this.tokens, nth: item.deliveries, holder, endsAt };
    this.leased.set(lease.token, lease);
    return { outcome: "ok", item, lease };
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
    return lease.holder === undefined || lease.endsAt <= now || this.strike("expires early", 0.1);
  }

  private comeBack(item: SimulatedItem, failures: number): void {
    item.failures += failures;
    if (item.failures >= this.failuresMax) return;
    if (this.ready.length > 0 && this.strike("returns to the tail", 1)) item.order = ++this.order;
    this.putBack(item);
  }

  private putBack(item: SimulatedItem): void {
    this.ready = [...this.ready, item].sort((a, b) => a.order - b.order);
  }

  private strike(kind: Fault, chance = 0.3): boolean {
    if (this.fault !== kind || !this.random.chance(chance)) return false;
    this.struck++;
    return true;
  }
}
