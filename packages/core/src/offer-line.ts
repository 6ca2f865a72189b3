/**
 * The puts of one producer, as offers: merged, numbered, and offered again where the outcome is unknown and it is safe.
 *
 * Sequences are dense per registration, and only accepted items use them up. While an outcome is unresolved nothing newer is
 * offered. Where it stays unresolved, the producer is registered again before its next offer: under its id, the authority
 * then tells what it has, and refuses what may still be on its way.
 */

import { bytesAtMost } from "./buffer-spec.js";
import { now, sleep } from "./deadline.js";
import { BufferError, type BufferFault, type ErrorCode } from "./errors.js";
import { badAnswer, outcomeUnknown, portFault } from "./faults.js";
import { isPromise, type LineWork, type Progress, type WaitHooks } from "./line-work.js";
import type { PutCall, PutPlace } from "./put-call.js";
import type { BufferPort, Envelopes, MaybePromise, Offered, ProducerPort, Wait } from "./transport.js";

// What one offer carries at most: enough to make its cost that of its items, and little enough to hold in one frame.
const ITEMS_PER_OFFER = 1024;
const BYTES_PER_OFFER = 1024 * 1024;
// Core stops well before the authority forgets: the last retry needs time to arrive.
const RETRY_WINDOW_PART = 0.5;
const RETRY_PAUSE_MS = 10;
const RETRY_PAUSE_MS_MAX = 1_000;

const WHAT = "the item was put";

/** An answer, and whether it answers a retry. */
interface Answer {
  readonly offered: Offered;
  readonly isRetry: boolean;
  readonly count: number;
}

/** The items of one offer, and the envelopes of those that have one. */
interface Load {
  readonly items: readonly Uint8Array[];
  readonly envelopes: Envelopes | undefined;
}

const NOTHING_OFFERED: Answer = { offered: { accepted: 0, state: "open" }, isRetry: false, count: 0 };
const WORTH_RETRYING: readonly ErrorCode[] = ["OUTCOME_UNKNOWN", "TRANSPORT_UNAVAILABLE", "BUFFER_BUSY"];

export class OfferLine implements LineWork<PutCall, Answer>, PutPlace {
  readonly what: string = WHAT;
  readonly transport: string;
  readonly waitersMax: number;
  readonly hooks: WaitHooks;
  readonly heard: (fault: BufferFault) => void;
  lastFullBy: Offered["fullBy"];
  readonly #buffer: BufferPort;
  readonly #id: string | undefined;
  readonly #itemsMax: number;
  readonly #settleAll: (settle: (call: PutCall) => void) => void;
  #port: ProducerPort;
  /** Accepted from this registration, and before it. */
  #sequence: number;
  #sequenceBefore = 0;
  #isUnresolved = false;
  #isPortClosed = false;

  constructor(
    port: ProducerPort,
    buffer: BufferPort,
    settings: {
      readonly transport: string;
      readonly waitersMax: number;
      readonly id: string | undefined;
    } & WaitHooks,
    settleAll: (settle: (call: PutCall) => void) => void,
    heard: (fault: BufferFault) => void,
  ) {
    this.transport = settings.transport;
    this.waitersMax = settings.waitersMax;
    this.hooks = settings;
    this.#id = settings.id;
    this.#port = port;
    this.#sequence = port.lastSequence;
    this.#buffer = buffer;
    this.#settleAll = settleAll;
    this.heard = heard;
    const { capacity, itemBytesMax, bufferBytesMax } = buffer.spec;
    // Where all items fit, bytes never run out: known also before the port has said so.
    if (bufferBytesMax >= bytesAtMost(capacity, itemBytesMax)) this.lastFullBy = "items";
    // More than the capacity is never accepted at once.
    this.#itemsMax = Math.min(ITEMS_PER_OFFER, capacity);
  }

  /** Ends the registration. */
  async close(): Promise<void> {
    if (this.#isPortClosed) return;
    await this.#port.close();
    this.#isPortClosed = true;
  }

  get lastSequence(): number {
    return this.#sequenceBefore + this.#sequence;
  }

  gather(first: PutCall): PutCall[] {
    const calls: PutCall[] = [];
    let items = 0;
    let bytes = 0;
    for (let call: PutCall | undefined = first; call !== undefined; call = call.next) {
      calls.push(call);
      for (let at = call.accepted; at < call.items.length; at += 1) {
        items += 1;
        bytes += (call.items[at]?.byteLength ?? 0) + (call.envelope?.byteLength ?? 0);
        if (items >= this.#itemsMax || bytes >= BYTES_PER_OFFER) return calls;
      }
    }
    return calls;
  }

  ask(calls: readonly PutCall[], wait: () => Wait): MaybePromise<Answer> {
    if (!this.#isUnresolved) return this.#offer(calls, wait);
    return this.#registerAgain().then(() => {
      // Who was cancelled meanwhile is not to be offered any more; the line asks again for the others.
      if (calls.some((call) => call.cancel !== undefined)) return NOTHING_OFFERED;
      return this.#offer(calls, wait);
    });
  }

  /** Whether the port may be handed bytes that their owner may change as soon as it has returned. */
  get copiesAtOnce(): boolean {
    return this.#port.copiesAtOnce === true;
  }

  /** Whether one offer carries them all, and the numbers that it needs are certain. */
  isOneOffer(items: readonly Uint8Array[], envelope: Uint8Array | undefined): boolean {
    const { length } = items;
    if (this.#isUnresolved || length > this.#itemsMax) return false;
    const envelopeBytes = envelope?.byteLength ?? 0;
    // Most need not be added up.
    if (length === 1 || length * (this.#buffer.spec.itemBytesMax + envelopeBytes) <= BYTES_PER_OFFER)
      return true;
    let bytes = length * envelopeBytes;
    for (const item of items) bytes += item.byteLength;
    return bytes <= BYTES_PER_OFFER;
  }

  /** Offers the items of a call that is alone. True if they are all in; else what makes the answer that its call awaits. */
  offerAlone(
    items: readonly Uint8Array[],
    envelope: Uint8Array | undefined,
    wait: Wait,
  ): true | ((call: PutCall) => MaybePromise<Answer>) {
    const envelopes = envelope === undefined ? undefined : Array<Uint8Array>(items.length).fill(envelope);
    let offered: MaybePromise<Offered>;
    try {
      offered = this.#port.offer(this.#sequence + 1, items, wait, envelopes);
    } catch (error) {
      return this.#answerOf(Promise.reject(error), envelopes, wait);
    }
    if (isPromise(offered) || offered.accepted !== items.length || offered.state !== "open")
      return this.#answerOf(offered, envelopes, wait);
    this.#sequence += items.length;
    return true;
  }

  #answerOf(
    offered: MaybePromise<Offered>,
    envelopes: Load["envelopes"],
    wait: Wait,
  ): (call: PutCall) => MaybePromise<Answer> {
    const startedAt = now();
    return (call) => {
      // All that was offered, so that the answer is measured by that, and a retry is the same offer.
      const load = { items: call.items, envelopes };
      const count = call.items.length;
      const toAnswer = (answer: Offered): Answer => ({ offered: answer, isRetry: false, count });
      if (!isPromise(offered)) return toAnswer(offered);
      return offered.then(toAnswer, (error: unknown) =>
        this.#afterFault(error, [call], load, () => wait, startedAt),
      );
    };
  }

  async isNews(): Promise<boolean> {
    const { ready, leased, parked, sealed } = await this.#buffer.counts();
    return sealed || ready + leased + parked < this.#buffer.spec.capacity;
  }

  answered(calls: readonly PutCall[], { offered, isRetry, count }: Answer): Progress {
    const { accepted, state, fullBy } = offered;
    if (!Number.isInteger(accepted) || accepted < 0 || accepted > count) {
      throw this.#unresolved(badAnswer(this.transport, `it accepted ${accepted} of ${count} items`));
    }
    this.#sequence += accepted;
    let left = accepted;
    for (const call of calls) {
      const part = Math.min(left, call.items.length - call.accepted);
      if (part > 0) call.accept(part);
      left -= part;
    }
    if (state === "full") this.lastFullBy = fullBy;
    else if (state === "sealed" && isRetry && accepted < count) {
      // The first try may have been accepted before the seal, and the retry be refused by it.
      throw this.#unresolved(outcomeUnknown(WHAT, this.transport, undefined));
    } else if (state === "sealed") this.#settleAll((call) => call.refuseAsSealed());
    return { moved: accepted > 0, refused: state === "full" };
  }

  #offer(calls: readonly PutCall[], wait: () => Wait): MaybePromise<Answer> {
    const load = this.#loadOf(calls);
    const startedAt = now();
    let answer: MaybePromise<Offered>;
    try {
      answer = this.#offerLoad(load, wait());
    } catch (error) {
      return this.#afterFault(error, calls, load, wait, startedAt);
    }
    const count = load.items.length;
    if (!isPromise(answer)) return { offered: answer, isRetry: false, count };
    return answer.then(
      (offered) => ({ offered, isRetry: false, count }),
      (error: unknown) => this.#afterFault(error, calls, load, wait, startedAt),
    );
  }

  #offerLoad({ items, envelopes }: Load, wait: Wait): MaybePromise<Offered> {
    return this.#port.offer(this.#sequence + 1, items, wait, envelopes);
  }

  #loadOf(calls: readonly PutCall[]): Load {
    const only = calls.length === 1 ? calls[0] : undefined;
    if (only?.accepted === 0 && only.items.length === 1) {
      return { items: only.items, envelopes: only.envelope === undefined ? undefined : [only.envelope] };
    }
    const items: Uint8Array[] = [];
    const envelopes: (Uint8Array | undefined)[] | undefined = calls.some(
      ({ envelope }) => envelope !== undefined,
    )
      ? []
      : undefined;
    let bytes = 0;
    for (const call of calls) {
      for (let at = call.accepted; at < call.items.length; at += 1) {
        const item = call.items[at] as Uint8Array;
        items.push(item);
        envelopes?.push(call.envelope);
        bytes += item.byteLength + (call.envelope?.byteLength ?? 0);
        if (items.length >= this.#itemsMax || bytes >= BYTES_PER_OFFER) return { items, envelopes };
      }
    }
    return { items, envelopes };
  }

  /** Offers the same items under the same numbers again, for as long as the authority certainly knows them. */
  async #afterFault(
    error: unknown,
    calls: readonly PutCall[],
    load: Load,
    wait: () => Wait,
    startedAt: number,
  ): Promise<Answer> {
    let fault = portFault(error, this.transport);
    if (fault.effect === "none") throw fault;
    const { putOutcome, retryWindowMs } = this.#buffer.capabilities;
    const window =
      retryWindowMs === "unbounded" ? Number.POSITIVE_INFINITY : retryWindowMs * RETRY_WINDOW_PART;
    let pauseMs = RETRY_PAUSE_MS;
    while (putOutcome === "may-be-unknown" && WORTH_RETRYING.includes(fault.code)) {
      await sleep(pauseMs * (0.5 + Math.random() / 2), wait().signal);
      if (now() - startedAt > window) break;
      const isOver = !this.#dropGivenUp(calls, fault, false);
      if (isOver) break;
      try {
        const offered = await this.#offerLoad(load, wait());
        return { offered, isRetry: true, count: load.items.length };
      } catch (again) {
        // Without effect was this retry; of the first try nothing more is known than before.
        fault = portFault(again, this.transport);
      }
      if (!this.#dropGivenUp(calls, fault, true)) break;
      pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MS_MAX);
    }
    throw this.#unresolved(outcomeUnknown(WHAT, this.transport, fault));
  }

  /** Whoever was cancelled or has waited long enough is told now. Whether anybody is left to retry for. */
  #dropGivenUp(calls: readonly PutCall[], fault: BufferFault, hasRetried: boolean): boolean {
    const at = now();
    let isAnyLeft = false;
    for (const call of calls) {
      const { cancel, deadline } = call;
      if (cancel !== undefined) {
        call.fail(outcomeUnknown(WHAT, this.transport, cancel.by === "caller" ? cancel.reason : fault));
      } else if (deadline.at <= at || (deadline.isTry && hasRetried)) {
        call.fail(outcomeUnknown(WHAT, this.transport, fault));
      }
      isAnyLeft ||= !call.isSettled;
    }
    return isAnyLeft;
  }

  #unresolved<E extends Error>(error: E): E {
    this.#isUnresolved = true;
    return error;
  }

  async #registerAgain(): Promise<void> {
    try {
      // Without an id nobody can be asked: the old registration ends, so that nothing of it arrives after what comes next.
      if (this.#id === undefined) await this.close();
      this.#port = await this.#buffer.producer(this.#id);
    } catch (error) {
      const { code, message, effect } = portFault(error, this.transport);
      // These items were not offered, whatever became of the registration.
      if (effect === "none") throw error;
      throw new BufferError(code, message, { transport: this.transport, effect: "none", cause: error });
    }
    this.#isPortClosed = false;
    if (this.#id === undefined) this.#sequenceBefore += this.#sequence;
    this.#sequence = this.#port.lastSequence;
    this.#isUnresolved = false;
  }
}
