/** Takes and leases items, and settles leases. */

import type { ConsumerPort, Delivery, LeaseTerms, Polled, Settled, Settlement, Wait } from "@sluice/core";
import { failpoint, isBufferError } from "@sluice/core";
import { closed, corrupt } from "./faults.js";
import { itemOf } from "./frames.js";
import type { Handle } from "./handle.js";
import type { Argument } from "./link.js";
import { scripts } from "./scripts.js";
import { FOREVER_MS, type Try, waitFor, waitMsOf } from "./waiting.js";

/** As in `poll.lua`. */
const State = { Some: 0, Drained: 1, Empty: 2, Corrupt: 3 } as const;

type Answer =
  | readonly [0, returned: readonly (Buffer | null)[], firstFresh: number, fresh: readonly Buffer[]]
  | readonly [1]
  | readonly [2, planMs: number]
  | readonly [3];

/** What one taken item is kept and answered as: the request, a colon and a mark; its sequence; its frame. */
type One = Buffer;
const SEQUENCE_BYTES = 8;
const COLON = 0x3a;

export class RedisConsumerPort implements ConsumerPort {
  readonly #handle: Handle;
  /** Its leases' holders begin like it. */
  readonly #name: string;
  readonly #onParted: () => void;
  #request = 1;
  /** Terms of a request of which nobody knows what came of it: its answer is kept, and asked for before anything else. */
  #inDoubt: { readonly leaseMs: number } | undefined;
  /** Taken by a request in doubt, and more than the next call asked for. */
  #owed: Delivery[] = [];
  #settles = 0;
  #settling: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param onParted - the server keeps nothing of it any more. */
  constructor(handle: Handle, name: string, onParted: () => void) {
    this.#handle = handle;
    this.#name = name;
    this.#onParted = onParted;
  }

  poll(max: number, wait: Wait, lease?: LeaseTerms): Promise<Polled> {
    const leaseMs = lease?.leaseMs ?? 0;
    const isPlain = this.#inDoubt === undefined && this.#owed.length === 0;
    const { link, keys } = this.#handle;
    if (!isPlain || this.#isClosed || wait.signal.aborted || !this.#handle.isShort("poll"))
      return this.#handle.track(() => this.#long(max, wait, leaseMs));
    // What nearly always is enough, with little around it.
    this.#handle.begin();
    const args = this.#argsOf(max, leaseMs, waitMsOf(wait));
    const polled = leaseMs > 0 ? keys.poll.leased : keys.poll.plain;
    return link.runOrAgain<Answer | One>(scripts.poll, polled, scripts["poll-slow"], keys.all, args).then(
      (reply) => {
        let deliveries: readonly Delivery[];
        if (Buffer.isBuffer(reply)) {
          failpoint("redis.polled");
          deliveries = [deliveryIn(reply)];
        } else {
          if (reply[0] !== State.Some || reply[1].length > 0 || reply[3].length > max)
            return this.#goOn(max, wait, leaseMs, reply);
          failpoint("redis.polled");
          deliveries = this.#deliveriesIn(reply, leaseMs > 0);
        }
        this.#request += 1;
        this.#handle.done();
        return { deliveries, state: "open" };
      },
      (error: unknown) => {
        this.#handle.done();
        this.#doubt(error, leaseMs);
        throw error;
      },
    );
  }

  async #goOn(max: number, wait: Wait, leaseMs: number, answer: Answer): Promise<Polled> {
    try {
      return await this.#long(max, wait, leaseMs, answer);
    } finally {
      this.#handle.done();
    }
  }

  /** @param answer - of the first try, if there was one. */
  async #long(max: number, wait: Wait, leaseMs: number, answer?: Answer): Promise<Polled> {
    if (this.#isClosed && answer === undefined) throw closed();
    if (this.#inDoubt !== undefined && this.#inDoubt.leaseMs > 0 !== leaseMs > 0) await this.#resolveDoubt();
    if (leaseMs === 0 && this.#owed.length > 0)
      return { deliveries: this.#owed.splice(0, max), state: "open" as const };
    let known = answer;
    return waitFor<Polled>(
      this.#handle,
      { id: this.#name, kind: "item", owner: this },
      wait,
      (one) => {
        const first = known;
        known = undefined;
        return this.#poll(max, leaseMs, one, first);
      },
      (aborted) => ({ deliveries: [], state: aborted ? "open" : "empty" }),
    );
  }

  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    return this.#handle.track(() => {
      // The answer to one is kept until the next: so there is one at a time.
      const settled = this.#settling.then(() => this.#settle(settlements));
      this.#settling = settled.catch(() => {});
      return settled;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.wakeUps.end(this);
    await this.#settling;
    if (this.#handle.isClosed) return;
    await this.#handle
      .run("part", [`${this.#name}.`, ...this.keptNames], { effect: "none" })
      .then(this.#onParted, (error: unknown) => {
        // Gone, or out of reach: what it held comes back when the leases are over.
        if (!isBufferError(error, "BUFFER_DESTROYED") && !isBufferError(error, "TRANSPORT_UNAVAILABLE"))
          throw error;
      });
  }

  /** Under which the server keeps its last answers. */
  get keptNames(): readonly string[] {
    return [this.#name, `#${this.#name}`, `s${this.#name}`];
  }

  async #poll(
    max: number,
    leaseMs: number,
    { waitMs, hops }: Try,
    known: Answer | undefined,
  ): Promise<{ readonly answer: Polled } | { readonly planMs: number }> {
    const answer = await this.#ask(max, leaseMs, waitMs, hops >= 0, known);
    switch (answer[0]) {
      case State.Drained:
        return { answer: { deliveries: [], state: "drained" } };
      case State.Empty:
        return answer[1] > 0 ? { planMs: answer[1] } : { answer: { deliveries: [], state: "empty" } };
      case State.Corrupt:
        throw corrupt("there are fewer items than are counted");
      default: {
        const deliveries = this.#deliveriesIn(answer, leaseMs > 0);
        this.#request += 1;
        const more = deliveries.splice(max);
        if (leaseMs === 0) this.#owed.push(...more);
        else if (more.length > 0) await this.#release(more);
        // Leases of a request in doubt may have gone to others meanwhile.
        if (deliveries.length === 0) return { planMs: 1 };
        return { answer: { deliveries, state: "open" } };
      }
    }
  }

  async #ask(max: number, leaseMs: number, waitMs: number, isBack: boolean, known?: Answer): Promise<Answer> {
    const args = this.#argsOf(max, leaseMs, isBack ? -waitMs : waitMs);
    const { plain, leased } = this.#handle.keys.poll;
    const keys = leaseMs > 0 ? leased : plain;
    try {
      const isAgain = this.#inDoubt !== undefined;
      const reply = await this.#handle.runShort<Answer | One>("poll", keys, args, isAgain, known);
      failpoint("redis.polled");
      this.#inDoubt = undefined;
      return Buffer.isBuffer(reply) ? answerIn(reply) : reply;
    } catch (error) {
      this.#doubt(error, leaseMs);
      throw error;
    }
  }

  /** Of a poll. What nearly all of them say goes without saying: each argument costs the server something. */
  #argsOf(max: number, leaseMs: number, waitMs: number): Argument[] {
    const isUsual = max === 1 && leaseMs === 0 && waitMs === FOREVER_MS;
    return isUsual ? [this.#name, this.#request] : [this.#name, this.#request, max, leaseMs, waitMs];
  }

  /** Nobody knows whether the request was carried out: it is asked again before anything else. */
  #doubt(error: unknown, leaseMs: number): void {
    if (isBufferError(error) && error.effect === "unknown") this.#inDoubt = { leaseMs };
  }

  /** Asks for what a call of other terms may have been handed. */
  async #resolveDoubt(): Promise<void> {
    const leaseMs = this.#inDoubt?.leaseMs ?? 0;
    const answer = await this.#ask(1, leaseMs, 0, false);
    if (answer[0] !== State.Some) return;
    const deliveries = this.#deliveriesIn(answer, leaseMs > 0);
    this.#request += 1;
    if (leaseMs > 0) await this.#release(deliveries);
    else this.#owed.push(...deliveries);
  }

  async #release(deliveries: readonly Delivery[]): Promise<void> {
    await this.#settle(deliveries.map(({ token }) => ({ kind: "release", token: token as string })));
  }

  #deliveriesIn(
    [, returned, firstFresh, fresh]: Extract<Answer, readonly [0, ...unknown[]]>,
    isLeased: boolean,
  ): Delivery[] {
    const tokenOf = (sequence: number) =>
      isLeased ? { token: `${sequence}:${this.#name}.${this.#request}` } : undefined;
    const deliveries: Delivery[] = [];
    for (let at = 0; at < returned.length; at += 2) {
      const [sequence = 0, count = 0, failures = 0] = String(returned[at + 1])
        .split(":")
        .map(Number);
      const item = itemOf(returned[at] ?? null);
      deliveries.push({ ...item, sequence, deliveries: count, failures, ...tokenOf(sequence) });
    }
    for (const [at, frame] of fresh.entries()) {
      const sequence = firstFresh + at;
      deliveries.push({ ...itemOf(frame), sequence, deliveries: 1, failures: 0, ...tokenOf(sequence) });
    }
    return deliveries;
  }

  async #settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    this.#settles += 1;
    const args: Argument[] = [this.#name, this.#settles];
    for (const settlement of settlements) {
      const { sequence, holder } = this.#partsOf(settlement.token);
      args.push(settlement.kind, sequence, holder, ...detailsOf(settlement));
    }
    const [, settled] = await this.#handle.runShort<readonly [number, Buffer]>(
      "settle",
      this.#handle.keys.settle,
      args,
      false,
    );
    return Array.from(settled.toString(), (one) => (one === "1" ? "settled" : "lost"));
  }

  /** Of a token of this handle; of another nothing that any lease has. */
  #partsOf(token: unknown): { readonly sequence: string; readonly holder: string } {
    const parts =
      typeof token === "string"
        ? /^(?<sequence>\d{1,15}):(?<holder>[\w.-]+)$/.exec(token)?.groups
        : undefined;
    const { sequence = "0", holder = "" } = parts ?? {};
    return holder.startsWith(`${this.#handle.id}.`) ? { sequence, holder } : { sequence: "0", holder: "" };
  }
}

function detailsOf(settlement: Settlement): readonly [string | number, number] {
  switch (settlement.kind) {
    case "extend":
      return [settlement.leaseMs, 0];
    case "nack":
      return [settlement.reason, settlement.delayMs];
    case "bury":
      return [settlement.reason, 0];
    default:
      return ["", 0];
  }
}

function answerIn(one: One): Extract<Answer, readonly [0, ...unknown[]]> {
  const at = bodyIn(one);
  return [State.Some, [], one.readDoubleLE(at), [one.subarray(at + SEQUENCE_BYTES)]];
}

/** The same as `answerIn` and `#deliveriesIn`, for what is taken most. */
function deliveryIn(one: One): Delivery {
  const at = bodyIn(one);
  const { item, envelope } = itemOf(one, at + SEQUENCE_BYTES);
  const delivery = { item, sequence: one.readDoubleLE(at), deliveries: 1, failures: 0 };
  return envelope === undefined ? delivery : { ...delivery, envelope };
}

/** Where it begins, behind the colon and the mark. */
function bodyIn(one: One): number {
  let at = 0;
  while (at < one.length && one[at] !== COLON) at += 1;
  return at + 2;
}
