/** The takes and leases of one consumer, as polls: contiguous calls of equal terms are polled for together. */

import type { AnyCodec } from "./codec.js";
import { decodeItem } from "./decode-item.js";
import { decodeEnvelope } from "./envelope.js";
import type { BufferFault, UndecodableItemError } from "./errors.js";
import { badAnswer, outcomeUnknown, portFault } from "./faults.js";
import { plain } from "./item-bytes.js";
import { type AnyLease, Lease, type LeaseHome } from "./lease.js";
import type { LineWork, Progress, WaitHooks } from "./line-work.js";
import type { TakeCall } from "./take-call.js";
import type { BufferPort, ConsumerPort, Delivery, MaybePromise, Polled, Wait } from "./transport.js";

// As many items as an offer carries, unless one call asks for more by itself.
const ITEMS_PER_POLL = 1024;

export const NO_VALUE: unique symbol = Symbol("no value");

export class PollLine implements LineWork<TakeCall, Polled> {
  readonly what = "an item was taken";
  readonly transport: string;
  readonly waitersMax: number;
  readonly hooks: WaitHooks;
  readonly heard: (fault: BufferFault) => void;
  readonly #port: ConsumerPort;
  readonly #buffer: BufferPort;
  readonly #codec: AnyCodec;
  readonly #home: PollHome;
  readonly #unconfirmed: Set<Promise<boolean>> = new Set();

  constructor(
    port: ConsumerPort,
    buffer: BufferPort,
    codec: AnyCodec,
    settings: { readonly transport: string; readonly waitersMax: number } & WaitHooks,
    home: PollHome,
  ) {
    this.#port = port;
    this.#buffer = buffer;
    this.#codec = codec;
    this.transport = settings.transport;
    this.waitersMax = settings.waitersMax;
    this.hooks = settings;
    this.#home = home;
    this.heard = home.heard;
  }

  gather(first: TakeCall): TakeCall[] {
    const calls = [first];
    const { capacity } = this.#buffer.spec;
    let max = first.max;
    for (let call = first.next; call !== undefined && call.leaseMs === first.leaseMs; call = call.next) {
      // More never come at once: whoever waits behind would be gone through with every poll, for nothing.
      if (max >= capacity || max + call.max > ITEMS_PER_POLL) break;
      max += call.max;
      calls.push(call);
    }
    return calls;
  }

  ask(calls: readonly TakeCall[], wait: () => Wait): MaybePromise<Polled> {
    const leaseMs = calls[0]?.leaseMs;
    return this.#port.poll(this.#maxOf(calls), wait(), leaseMs === undefined ? undefined : { leaseMs });
  }

  /** Polls for a call that is alone. What it answers, or rejects with, is for `valueOf`, for `valuesOf`, or for the line. */
  pollAlone(max: number, leaseMs: number | undefined, wait: Wait): MaybePromise<Polled> {
    const most = Math.min(max, this.#buffer.spec.capacity);
    try {
      return this.#port.poll(most, wait, leaseMs === undefined ? undefined : { leaseMs });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The value of an answer that came at once, with one item; `NO_VALUE` where it takes more to deal with it. */
  valueOf({ deliveries, confirmed }: Polled): unknown {
    return deliveries.length === 1 && confirmed === undefined
      ? this.#valueIn(deliveries[0] as Delivery)
      : NO_VALUE;
  }

  /** The values of an answer that came at once, 1 to `max` of them; undefined where it takes more to deal with it. */
  valuesOf({ deliveries, confirmed }: Polled, max: number): unknown[] | undefined {
    if (confirmed !== undefined || deliveries.length === 0 || deliveries.length > max) return undefined;
    const values: unknown[] = [];
    for (let i = 0; i < deliveries.length; i++) {
      const value = this.#valueIn(deliveries[i] as Delivery);
      if (value === NO_VALUE) return undefined;
      values.push(value);
    }
    return values;
  }

  #valueIn({ item, envelope }: Delivery): unknown {
    try {
      // It rarely has one; nothing is made of it, but it has to be one.
      if (envelope !== undefined) decodeEnvelope(envelope);
      return this.#codec.decode(plain(item));
    } catch {
      return NO_VALUE;
    }
  }

  async isNews(): Promise<boolean> {
    const { ready, sealed } = await this.#buffer.counts();
    return sealed || ready > 0;
  }

  answered(calls: readonly TakeCall[], { deliveries, state, confirmed }: Polled): Progress {
    const max = this.#maxOf(calls);
    if (deliveries.length > max) {
      throw badAnswer(this.transport, `it handed out ${deliveries.length} items where ${max} were asked for`);
    }
    if (deliveries.length > 0) {
      const [first] = calls;
      if (first?.leaseMs === undefined) this.#giveItems(calls, deliveries, confirmed);
      else this.#giveLeases(calls, deliveries, first.leaseMs);
    } else if (state === "drained") this.#home.settleAll((call) => call.endOfItems());
    return { moved: deliveries.length > 0, refused: deliveries.length === 0 && state === "empty" };
  }

  /** More than the capacity is never ready. */
  #maxOf(calls: readonly TakeCall[]): number {
    let max = 0;
    for (const call of calls) max += call.max;
    return Math.min(max, this.#buffer.spec.capacity);
  }

  /** Resolves when it is known of all items whether they were taken. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#unconfirmed);
  }

  #giveItems(
    calls: readonly TakeCall[],
    deliveries: readonly Delivery[],
    confirmed: Promise<boolean> | undefined,
  ): void {
    const arrived = confirmed && this.#arrived(confirmed);
    share(calls, deliveries, (call, part) => {
      const values: unknown[] = [];
      const undecodable: UndecodableItemError[] = [];
      for (const delivery of part) {
        try {
          values.push(decodeItem(this.#codec, delivery, this.transport).value);
        } catch (error) {
          undecodable.push(error as UndecodableItemError);
        }
      }
      if (arrived === undefined) call.give(values, undecodable);
      else call.giveOnce(arrived, values, undecodable, () => this.#home.takeAgain(call));
    });
  }

  #arrived(confirmed: Promise<boolean>): Promise<boolean> {
    const arrived = confirmed
      .catch((error: unknown) => {
        const fault = portFault(error, this.transport);
        throw fault.effect === "unknown" ? outcomeUnknown(this.what, this.transport, fault) : fault;
      })
      .finally(() => {
        this.#unconfirmed.delete(arrived);
        this.#home.gatherAgain();
      });
    this.#unconfirmed.add(arrived);
    // Whoever was to have the items may have given up.
    arrived.catch(() => {});
    return arrived;
  }

  /** An item that cannot be decoded is buried, with its bytes as they are, and the call that was to have it waits on. */
  #giveLeases(calls: readonly TakeCall[], deliveries: readonly Delivery[], leaseMs: number): void {
    const leases: AnyLease[] = [];
    for (const delivery of deliveries) {
      const { token } = delivery;
      if (token === undefined) throw badAnswer(this.transport, "it handed out a lease without a token");
      try {
        const { value, beside } = decodeItem(this.#codec, delivery, this.transport);
        leases.push(new Lease(value, delivery, token, leaseMs, beside, this.#home));
      } catch (error) {
        const settlement = {
          kind: "bury",
          token,
          reason: `ITEM_UNDECODABLE: ${(error as Error).message}`,
        } as const;
        // Where that fails, the lease expires, and somebody else comes to bury it.
        this.#home.settlements.settle(settlement).catch(() => {});
      }
    }
    share(calls, leases, (call, part) => {
      // The handle's end releases them.
      if (call.cancel?.by === "handle") return;
      if (call.isSettled) for (const lease of part) lease.release().catch(() => {});
      else for (const lease of part) this.#home.remember(lease);
      call.give(part, []);
    });
  }
}

/** What the line needs of its consumer. */
export interface PollHome extends LeaseHome {
  remember(lease: AnyLease): void;
  readonly heard: (fault: BufferFault) => void;
  settleAll(settle: (call: TakeCall) => void): void;
  /** Calls are about to be settled, and may come again. */
  gatherAgain(): void;
  /** Of a call that got nothing after all. */
  takeAgain(call: TakeCall): Promise<unknown>;
}

/**
 * Shares out in call order; but those who have given up come last, and get only what would otherwise have nobody: an aborted
 * take swallows no item while somebody else waits for one.
 */
function share<V>(
  calls: readonly TakeCall[],
  values: readonly V[],
  give: (call: TakeCall, part: readonly V[]) => void,
): void {
  const [only] = calls;
  if (values.length === 0) return;
  if (calls.length === 1 && only !== undefined) {
    give(only, values);
    return;
  }
  const hasGivenUp = (call: TakeCall) => call.cancel !== undefined || call.isSettled;
  // Told apart beforehand: who is given its share is settled by that.
  const waiting = calls.filter((call) => !hasGivenUp(call));
  const others = calls.filter(hasGivenUp);
  let at = 0;
  for (const call of [...waiting, ...others]) {
    if (at >= values.length) return;
    give(call, values.slice(at, at + call.max));
    at += call.max;
  }
}
