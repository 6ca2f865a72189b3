// Histories from a simulated buffer, right or broken in one way: to test the checker with.
import type { Operation, OperationKind, Outcome } from "../src/operation.js";
import type { Random } from "../src/random.js";

export type Fault =
  | "last in, first out"
  | "drops an item"
  | "hands an item out twice"
  | "capacity + 1"
  | "false empty"
  | "false full"
  | "reorders producers"
  | "late ack accepted"
  | "loses an item at the seal"
  | "end while leased"
  | "acks twice"
  | "changes bytes"
  | "accepts after the seal"
  | "hands out after the ack"
  | "hands out a refused put"
  | "hands out before the put"
  | "same delivery number twice";

interface Item {
  value: string;
  deliveries: number;
  order: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Pending {
  kind: OperationKind;
  operation: Mutable<Operation>;
  /** Set once it took place; the return comes later. */
  done: boolean;
  item?: Item;
  value?: string;
  lease?: { item: Item; token: number };
}

interface Worker {
  name: string;
  role: "producer" | "consumer";
  pending?: Pending;
  held: { item: Item; token: number }[];
  dead: boolean;
  ended: boolean;
}

export interface Simulation {
  readonly operations: Operation[];
  readonly capacity: number;
  /** How often the fault had its chance: a history without is right. */
  readonly faults: number;
}

/** Runs processes step by step; each operation takes place at one instant between its invocation and its return. */
export function simulate(
  random: Random,
  options: { leases: boolean; kills: number; fault?: Fault },
): Simulation {
  const capacity = 1 + random.below(4);
  const { fault } = options;
  const operations: Pending["operation"][] = [];
  let time = 0;
  let order = 0;
  let tokens = 0;
  let faults = 0;
  let kills = options.kills;
  let sealed = false;
  let toPut = 20 + random.below(20);
  const ready: Item[] = [];
  const leased = new Map<number, Item>();
  const acked: Item[] = [];
  const workers: Worker[] = [];
  const worker = (role: Worker["role"]): Worker => {
    const one: Worker = { name: `${role}-${workers.length + 1}`, role, held: [], dead: false, ended: false };
    workers.push(one);
    return one;
  };
  for (let i = 0; i < 2; i++) worker("producer");
  for (let i = 0; i < 2; i++) worker("consumer");

  const strike = (kind: Fault, chance = 0.3): boolean => {
    if (fault !== kind || !random.chance(chance)) return false;
    faults++;
    return true;
  };
  const begin = (
    one: Worker,
    kind: OperationKind,
    more: Partial<Pending> & { deliveries?: number } = {},
  ): void => {
    const operation: Pending["operation"] = {
      process: one.name,
      id: operations.length + 1,
      kind,
      invokedAt: ++time,
      returnedAt: Infinity,
      outcome: undefined,
      ...(more.value === undefined ? {} : { value: more.value }),
      ...(more.deliveries === undefined ? {} : { deliveries: more.deliveries }),
    };
    operations.push(operation);
    one.pending = { kind, operation, done: false, ...more };
  };
  const putBack = (item: Item): void => {
    ready.push(item);
    ready.sort((a, b) => a.order - b.order);
  };
  const isFull = (): boolean => ready.length + leased.size >= capacity;

  const takePlace = (pending: Pending): Outcome | undefined => {
    if (pending.kind === "put") {
      const item = { value: pending.value as string, deliveries: 0, order: ++order };
      if (sealed && !strike("accepts after the seal")) {
        if (strike("hands out a refused put")) ready.push(item);
        return "sealed";
      }
      if (!isFull() && strike("false full")) return "full";
      if (isFull() && !strike("capacity + 1")) return random.chance(0.2) ? "full" : undefined;
      if (strike("drops an item", 0.1)) return "ok";
      if (strike("reorders producers")) item.order = random.below(order);
      if (strike("changes bytes", 0.1)) item.value = `${item.value}?`;
      putBack(item);
      return "ok";
    }
    if (pending.kind === "seal") {
      sealed = true;
      if (ready.length > 0 && strike("loses an item at the seal", 1)) ready.pop();
      return "ok";
    }
    if (pending.kind === "ack") {
      const { item, token } = pending.lease as { item: Item; token: number };
      const current = leased.get(token);
      const again = [...leased].find(([, other]) => other === item);
      if (current === undefined && again !== undefined && strike("late ack accepted", 1)) {
        leased.delete(again[0]);
        return "ok";
      }
      if (current === undefined) return strike("acks twice", 1) ? "ok" : "lost";
      leased.delete(token);
      acked.push(item);
      return "ok";
    }
    if (ready.length > 0 && strike("false empty")) return "empty";
    const again = acked[0];
    if (again !== undefined && strike("hands out after the ack")) putBack(again);
    if (ready.length === 0) {
      if (sealed && (leased.size === 0 || strike("end while leased", 1))) return "end";
      return random.chance(0.1) ? "empty" : undefined;
    }
    const item = (strike("last in, first out") ? ready.pop() : ready.shift()) as Item;
    if (!strike("same delivery number twice")) item.deliveries++;
    pending.item = item;
    if (pending.kind === "lease") pending.operation.deliveries = item.deliveries;
    if (pending.kind === "lease") {
      const token = ++tokens;
      leased.set(token, item);
      pending.lease = { item, token };
    } else if (strike("hands an item out twice")) putBack(item);
    if (strike("hands out before the put", 0.1)) {
      const future = { value: `producer-9-${++order}`, deliveries: 1, order };
      putBack(future);
      later.push(future);
    }
    return "ok";
  };
  const later: Item[] = [];

  const comeBack = (one: Worker): void => {
    const pending = one.pending as Pending;
    one.pending = undefined as never;
    pending.operation.returnedAt = ++time;
    if (pending.item !== undefined) pending.operation.value = pending.item.value;
    if (pending.lease !== undefined && pending.kind === "lease") one.held.push(pending.lease);
    if (pending.operation.outcome === "end") one.ended = true;
  };

  for (let steps = 0; steps < 5000; steps++) {
    time++;
    const alive = workers.filter((one) => !one.dead && !one.ended);
    if (alive.every((one) => one.role === "producer")) {
      if (sealed && ready.length + leased.size === 0) break;
      if (alive.length > 0 || !sealed || ready.length + leased.size > 0) worker("consumer");
      continue;
    }
    const one = random.pick(alive);
    if (kills > 0 && one.pending !== undefined && random.chance(0.05)) {
      kills--;
      one.dead = true;
      // What was told to nobody: the outcome stays open.
      one.pending.operation.outcome = undefined;
      delete (one.pending.operation as { deliveries?: number }).deliveries;
      for (const [token, item] of leased) {
        if (one.held.some((lease) => lease.token === token) || one.pending.lease?.token === token) {
          leased.delete(token);
          if (!(one.pending.kind === "ack" && one.pending.done && one.pending.lease?.token === token))
            putBack(item);
        }
      }
      if (one.role === "producer") worker("producer");
      continue;
    }
    if (one.pending !== undefined) {
      if (one.pending.done) comeBack(one);
      else {
        const outcome = takePlace(one.pending);
        one.pending.done = outcome !== undefined;
        one.pending.operation.outcome = outcome;
      }
      continue;
    }
    if (one.role === "producer") {
      const future = later.pop();
      if (future !== undefined) begin(one, "put", { value: future.value });
      else if (toPut > 0) begin(one, "put", { value: `${one.name}-${toPut--}` });
      else if (!sealed) begin(one, "seal");
      else if (fault === "accepts after the seal" && random.chance(0.5) && faults < 3)
        begin(one, "put", { value: `${one.name}-late-${steps}` });
      else if (fault === "hands out a refused put" && faults < 3)
        begin(one, "put", { value: `${one.name}-late-${steps}` });
      else one.ended = true;
      continue;
    }
    const lease = one.held[0];
    if (lease !== undefined) {
      const lateIsOver = fault !== "late ack accepted" || !leased.has(lease.token) || random.chance(0.3);
      if (random.chance(0.2) && leased.has(lease.token)) {
        // It expires: handed out again, and the old token is lost.
        leased.delete(lease.token);
        putBack(lease.item);
      } else if (lateIsOver) {
        if (fault !== "acks twice" || !leased.has(lease.token)) one.held.shift();
        begin(one, "ack", { lease, value: lease.item.value, deliveries: lease.item.deliveries });
        const own = operations.findLast(
          (op) => op.kind === "lease" && op.process === one.name && op.value === lease.item.value,
        );
        if (own?.deliveries !== undefined)
          (one.pending as unknown as Pending).operation.deliveries = own.deliveries;
      }
      continue;
    }
    begin(one, options.leases ? "lease" : "take");
  }
  return { operations, capacity, faults };
}
