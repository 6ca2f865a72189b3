/**
 * The buffer, as the broker's clients share it: what they ask is carried out one by one, on a store that only the broker has open,
 * and what cannot be done yet waits in one line over all clients.
 *
 * A plain take is handed out under a lease that never ends by time, and is consumed when its client confirms it: so an item
 * is never given to two, and one that was on its way to a client that died comes back to its place.
 */

import type { ConsumerPort, LeaseToken, MaybePromise, Settlement } from "@sluice/core";
import type { BrokerPort } from "@sluice/file-store";
import { AT_ONCE } from "./at-once.js";
import { BufferRequests, type Tasks } from "./buffer-requests.js";
import { checkSizes } from "./check-sizes.js";
import { destroyed, failureOf, forgotten, noProducer } from "./faults.js";
import { LeaseEnds } from "./lease-ends.js";
import { released, tokenOf } from "./lease-tokens.js";
import { ProducerRequests } from "./producer-requests.js";
import type { OfferRequest, PollRequest } from "./protocol.js";
import * as wire from "./protocol.js";
import { RequestLines } from "./request-lines.js";
import { Serial } from "./serial.js";
import type { Session } from "./session.js";
import { then } from "./then.js";
import type { WaitingRequest } from "./waiting-requests.js";

/** Items of one hand-out, whose bytes are bounded too. */
const HAND_OUT_MAX = 10_000;
const HOLDER_DIED = "holder died";
/** Of an item that waits, beside its bytes: about what a view of them takes. */
const ITEM_OVERHEAD = 128;

export class Authority {
  readonly #store: BrokerPort;
  readonly #consumer: ConsumerPort;
  readonly #serial: Serial = new Serial();
  readonly #lines: RequestLines = new RequestLines(({ session, id }, error) =>
    this.#fail(session, id, error),
  );
  readonly #leaseEnds: LeaseEnds = new LeaseEnds();
  readonly #sessions: () => Iterable<Session>;
  readonly #onDestroyed: (by?: Session) => void;
  #fullBy: "items" | "bytes" = "items";
  #isDestroyed = false;
  readonly buffer: BufferRequests;
  readonly producers: ProducerRequests;

  /** @param onDestroyed - tells the others. */
  constructor(
    store: BrokerPort,
    consumer: ConsumerPort,
    sessions: () => Iterable<Session>,
    onDestroyed: (by?: Session) => void,
  ) {
    this.#store = store;
    this.#consumer = consumer;
    this.#sessions = sessions;
    this.#onDestroyed = onDestroyed;
    const tasks: Tasks = {
      do: (session, request, job) => this.#do(session, request, job),
      end: (session, request, job) => this.#doEnd(session, request, job),
    };
    this.buffer = new BufferRequests(store, this.#lines, tasks);
    this.producers = new ProducerRequests(store, this.#lines, tasks);
  }

  /**
   * Takes over what an earlier broker has left: what it had handed out to takes that were not confirmed goes back; leases run on, and
   * whoever holds one can settle it; delays pass; producers may resume, unnamed ones for a minute.
   */
  async takeOver(): Promise<void> {
    const leases = await this.#store.leases();
    const unconfirmed = leases.filter(({ isEndless }) => isEndless).map(({ token }) => token);
    if (unconfirmed.length > 0) await this.#consumer.settle(released(unconfirmed));
    for (const { token, isEndless } of leases) if (!isEndless) this.#leaseEnds.inherit(token);
    const delayMs = await this.#store.nextDelayMs();
    await this.producers.unresumed.find(this.#serial);
    this.#leaseEnds.refresh([], delayMs);
    this.#leaseEnds.watch(() => this.#somethingEnded());
  }

  /** Of requests that have not had their turn, because one before them takes its time. */
  get waitingBytes(): number {
    return this.#serial.waitingBytes;
  }

  offer(session: Session, request: number, offer: OfferRequest): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: (session.pending.get(request) ?? 0) + offer.items.length * ITEM_OVERHEAD,
      isBy: (id) => session.producers.get(offer.producer)?.id === id,
      attempt: () => this.#offerNow(session, request, offer),
      giveUp: () => session.answer(request, wire.encodeOffered(request, this.#full())),
    };
    this.#do(session, request, () => {
      const producer = session.producers.get(offer.producer);
      if (producer === undefined) throw noProducer(offer.producer);
      checkSizes(offer, this.#store.spec);
      const isRetry = offer.first <= producer.last;
      // Nobody comes before those who wait; but what was accepted before is only answered again.
      if (this.#lines.puts.size === 0 || isRetry)
        return this.#lines.tryOrWait(this.#lines.puts, one, offer.waits);
      if (!offer.waits) one.giveUp();
      else this.#lines.wait(this.#lines.puts, one);
    });
  }

  poll(session: Session, request: number, poll: PollRequest): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: session.pending.get(request) ?? 0,
      attempt: () => this.#pollNow(session, request, poll),
      giveUp: () =>
        session.answer(request, wire.encodePolled(request, { deliveries: [], state: "empty" }, false)),
    };
    this.#do(session, request, () => {
      const { takes } = this.#lines;
      // Nobody comes before those who wait: there may be something for them that time alone has brought.
      takes.isWorthTrying ||= takes.size > 0;
      return then(this.#lines.serve(), () => this.#lines.tryOrWait(takes, one, poll.waits));
    });
  }

  /** Of what a plain take was handed: consumed from now on. */
  confirm(session: Session, request: number, taken: number): void {
    this.#do(session, request, () => {
      const tokens = session.assignments.get(taken);
      session.assignments.delete(taken);
      if (tokens === undefined) {
        if (taken < session.since) throw forgotten();
        session.answer(request, wire.encodeWord(request, "lost"));
        return;
      }
      return then(this.#consumer.settle(tokens.map((token) => ({ kind: "ack", token }))), () => {
        this.#lines.changed();
        session.answer(request, wire.encodeWord(request, "done"));
      });
    });
  }

  settle(session: Session, request: number, settlements: readonly Settlement[]): void {
    this.#do(session, request, () =>
      then(this.#consumer.settle(settlements), (settled) => {
        const now = performance.now();
        settlements.forEach((one, at) => {
          const held = session.leases.get(one.token);
          if (one.kind === "extend" && settled[at] === "settled") {
            if (held !== undefined) held.until = now + one.leaseMs;
            this.#leaseEnds.lease(now + one.leaseMs);
          } else session.leases.delete(one.token);
          if (one.kind === "nack" && one.delayMs > 0 && settled[at] === "settled") {
            this.#leaseEnds.lease(now + one.delayMs);
          }
        });
        this.#lines.changed();
        // Asked of an earlier broker already, which may have done it and ended before it could say so.
        if (request < session.since && settled.includes("lost")) throw forgotten();
        session.answer(request, wire.encodeSettled(request, settled));
      }),
    );
  }

  /** Of one of a client's consumers: what it holds is released. */
  leave(session: Session, request: number, consumer: number): void {
    this.#doEnd(session, request, async () => {
      const own = [...session.leases]
        .filter(([, lease]) => lease.consumer === consumer)
        .map(([token]) => token);
      for (const token of own) session.leases.delete(token);
      await this.#giveBack(own);
    });
  }

  destroy(session: Session, request: number): void {
    this.#doEnd(session, request, () => this.#destroy(session));
  }

  /** What is only in memory ends with its broker: everybody is told. Resolves to how many items are lost. */
  discard(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#serial.do(async () => {
        try {
          if (this.#isDestroyed) return resolve(0);
          const { ready, leased, parked, dead } = await this.#store.counts();
          await this.#destroy();
          resolve(ready + leased + parked + dead);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** The client waits no longer for this. What was done meanwhile is done, and was answered. */
  cancel(session: Session, request: number): void {
    this.#serial.do(() => {
      this.#lines.giveUp(session, request);
      return this.#serve();
    });
  }

  /** The client was told by its clock that these would not be answered, and has said so to whoever asked: nobody has what they were handed. */
  giveUp(session: Session, request: number, ids: readonly number[]): void {
    for (const id of ids) this.cancel(session, id);
    this.#do(session, request, async () => {
      const own = new Set(ids);
      const tokens = ids.flatMap((id) => session.assignments.get(id) ?? []);
      for (const id of ids) session.assignments.delete(id);
      for (const [token, lease] of session.leases) {
        if (!own.has(lease.request)) continue;
        tokens.push(token);
        session.leases.delete(token);
      }
      await this.#giveBack(tokens);
      session.answer(request, wire.encodeDone(request));
    });
  }

  /** A client's connection has ended: what it waited for it asks again when it is back, and until then nobody waits behind it. */
  suspend(session: Session): void {
    this.#serial.do(() => {
      // It may be back already, and has asked again for what still waits.
      if (session.routingId !== undefined) return;
      for (const id of this.#lines.removeAllOf(session)) session.pending.delete(id);
      return this.#serve();
    });
  }

  /** A client died, or has been unreachable for so long that it counts as dead. */
  lose(session: Session): void {
    this.#end(session, (tokens) =>
      tokens.map((token) => ({ kind: "nack", token, reason: HOLDER_DIED, delayMs: 0 })),
    );
  }

  /** A client said goodbye. */
  dismiss(session: Session, answer: () => void): void {
    this.#end(session, released, async () => {
      await this.producers.close(session);
      answer();
    });
  }

  /** Begins nothing any more. Resolves when the last commit is done. */
  end(): Promise<void> {
    this.#endTimers();
    return this.#serial.end();
  }

  #endTimers(): void {
    this.#lines.end();
    this.#leaseEnds.end();
    this.producers.unresumed.end();
  }

  #end(
    session: Session,
    settlements: (leases: readonly LeaseToken[]) => Settlement[],
    after?: () => Promise<void>,
  ): void {
    this.#serial.do(async () => {
      // Not those that are being carried out, or were: their answers are kept, should the client come back.
      for (const id of this.#lines.removeAllOf(session)) session.pending.delete(id);
      const held = settlements([...session.leases.keys()]);
      const assigned = released([...session.assignments.values()].flat());
      session.leases.clear();
      session.assignments.clear();
      try {
        if (held.length + assigned.length > 0) await this.#consumer.settle([...held, ...assigned]);
      } catch {
        // Destroyed, or the journal failed: whoever asks next is told.
      }
      await after?.();
      this.#lines.changed();
      await this.#serve();
    });
  }

  async #destroy(by?: Session): Promise<void> {
    await this.#store.destroy();
    this.#isDestroyed = true;
    this.#endTimers();
    this.#onDestroyed(by);
    this.#lines.failAll(destroyed);
  }

  /** Ends what a client had: nothing to be done where all of it was destroyed. */
  #doEnd(session: Session, request: number, job: () => Promise<void>): void {
    const end = async () => {
      if (!this.#isDestroyed) await job();
      session.answer(request, wire.encodeDone(request));
    };
    this.#do(session, request, end, true);
  }

  /** Carries out a request in its turn, and then what it made possible for others. */
  #do(session: Session, request: number, job: () => MaybePromise<void>, isEnd = false): void {
    this.#serial.do(() => {
      let doing: MaybePromise<void>;
      try {
        if (this.#isDestroyed && !isEnd) throw destroyed();
        doing = job();
      } catch (error) {
        this.#fail(session, request, error);
        return this.#serve();
      }
      return doing instanceof Promise
        ? doing.catch((error: unknown) => this.#fail(session, request, error)).then(() => this.#serve())
        : this.#serve();
    }, session.pending.get(request));
  }

  #serve(): MaybePromise<void> {
    return then(this.#lines.serve(), () => this.#leaseEnds.watch(() => this.#somethingEnded()));
  }

  #somethingEnded(): void {
    this.#serial.do(async () => {
      if (this.#leaseEnds.hasInherited) await this.#lookForInherited();
      this.#leaseEnds.refresh(this.#sessions(), await this.#nextDelayMs());
      this.#lines.changed();
      await this.#serve();
    });
  }

  #offerNow(session: Session, request: number, offer: OfferRequest): MaybePromise<boolean> {
    const producer = session.producers.get(offer.producer);
    if (producer === undefined) throw noProducer(offer.producer);
    return then(producer.port.offer(offer.first, offer.items, AT_ONCE, offer.envelopes), (offered) => {
      if (offered.fullBy !== undefined) this.#fullBy = offered.fullBy;
      if (offered.accepted === 0 && offered.state === "full") return false;
      if (offered.accepted > 0) {
        producer.last = Math.max(producer.last, offer.first + offered.accepted - 1);
        this.#lines.takes.isWorthTrying = true;
      }
      session.answer(request, wire.encodeOffered(request, offered));
      return true;
    });
  }

  #pollNow(
    session: Session,
    request: number,
    { consumer, max, leaseMs }: PollRequest,
  ): MaybePromise<boolean> {
    const lease = { leaseMs: leaseMs === 0 ? Number.POSITIVE_INFINITY : leaseMs };
    return then(this.#consumer.poll(Math.min(max, HAND_OUT_MAX), AT_ONCE, lease), (polled) => {
      const { deliveries, state } = polled;
      if (state === "empty") return false;
      if (leaseMs === 0) {
        if (deliveries.length > 0) session.assignments.set(request, deliveries.map(tokenOf));
      } else if (deliveries.length > 0) {
        const until = performance.now() + leaseMs;
        for (const one of deliveries) session.leases.set(tokenOf(one), { request, consumer, until });
        this.#leaseEnds.lease(until);
      }
      session.answer(request, wire.encodePolled(request, polled, leaseMs !== 0));
      return true;
    });
  }

  #giveBack(tokens: readonly LeaseToken[]): MaybePromise<void> {
    if (tokens.length === 0) return;
    return then(this.#consumer.settle(released(tokens)), () => this.#lines.changed());
  }

  #full(): { accepted: number; state: "full"; fullBy: "items" | "bytes" } {
    return { accepted: 0, state: "full", fullBy: this.#fullBy };
  }

  /** The store's own word for it: there the time that the disk takes comes on top of a delay. */
  async #nextDelayMs(): Promise<number | undefined> {
    try {
      return await this.#store.nextDelayMs();
    } catch {
      // Destroyed, or the journal failed: whoever asks next is told.
      return undefined;
    }
  }

  async #lookForInherited(): Promise<void> {
    try {
      this.#leaseEnds.keep(new Set((await this.#store.leases()).map(({ token }) => token)));
    } catch {
      // Destroyed, or the journal failed: whoever asks next is told.
    }
  }

  #fail(session: Session, request: number, error: unknown): void {
    session.answer(request, wire.encodeFailure(request, failureOf(error)));
  }
}
