/**
 * The buffer, as the broker's clients share it: what they ask is carried out one by one, on a store that only the broker has open,
 * and what cannot be done yet waits in one line over all clients.
 *
 * A plain take is handed out under a lease that never ends by time, and is consumed when its client confirms it: so an item
 * is never given to two, and one that was on its way to a client that died comes back to its place.
 */

import {
  BufferError,
  type ConsumerPort,
  type Delivery,
  isBufferError,
  type LeaseToken,
  type MaybePromise,
  type Settlement,
  type Wait,
} from "@sluice/core";
import type { BrokerPort } from "@sluice/file-store";
import * as wire from "./protocol.js";
import { type OfferRequest, type PollRequest, Status } from "./protocol.js";
import { Serial } from "./serial.js";
import type { Session } from "./session.js";
import { REMEMBER_MS } from "./timing.js";
import { type WaitingRequest, WaitingRequests } from "./waiting-requests.js";

/** Nobody is told of a wait that is over sooner: each telling is a message. */
const TELL_AFTER_MS = 10;
/** Of offers that wait, all clients together. */
const WAITING_BYTES_MAX = 256 * 1024 * 1024;
/** How often leases of an earlier broker are looked at while somebody waits. */
const LOOK_MS = 500;
const TIMER_MS_MAX = 2 ** 31 - 1;
const HOLDER_DIED = "holder died";

const AT_ONCE: Wait = Object.freeze({ maxMs: 0, signal: new AbortController().signal, onWait() {} });

export class Authority {
  readonly #store: BrokerPort;
  readonly #consumer: ConsumerPort;
  readonly #serial: Serial = new Serial();
  readonly #puts: WaitingRequests = new WaitingRequests();
  readonly #takes: WaitingRequests = new WaitingRequests();
  readonly #ends: WaitingRequests = new WaitingRequests();
  readonly #lines: readonly WaitingRequests[] = [this.#puts, this.#takes, this.#ends];
  readonly #sessions: () => Iterable<Session>;
  readonly #onDestroyed: (by: Session) => void;
  #fullBy: "items" | "bytes" = "items";
  #untold: WaitingRequest[] = [];
  #tellTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  /** When the timer above is due. */
  #endAt = Number.POSITIVE_INFINITY;
  /** No lease or delay ends before. */
  #nextEnd = Number.POSITIVE_INFINITY;
  #delayEnds: number[] = [];
  #isDestroyed = false;
  /** Leases that an earlier broker gave: when they end is known to the store alone. */
  readonly #inherited: Set<LeaseToken> = new Set();
  /** Unnamed producers of an earlier broker's clients, with their epochs. */
  readonly #unresumed: Map<string, number> = new Map();
  #forgetTimer: NodeJS.Timeout | undefined;

  /** @param onDestroyed - tells the others. */
  constructor(
    store: BrokerPort,
    consumer: ConsumerPort,
    sessions: () => Iterable<Session>,
    onDestroyed: (by: Session) => void,
  ) {
    this.#store = store;
    this.#consumer = consumer;
    this.#sessions = sessions;
    this.#onDestroyed = onDestroyed;
  }

  /**
   * Takes over what an earlier broker has left: what it had handed out to takes that were not confirmed goes back; leases run on, and
   * whoever holds one can settle it; producers may resume, unnamed ones for a minute.
   */
  async takeOver(): Promise<void> {
    const leases = await this.#store.leases();
    const unconfirmed = leases.filter(({ isEndless }) => isEndless).map(({ token }) => token);
    if (unconfirmed.length > 0) await this.#consumer.settle(released(unconfirmed));
    for (const { token, isEndless } of leases) if (!isEndless) this.#inherited.add(token);
    if (this.#inherited.size > 0) this.#endsAt(performance.now() + LOOK_MS);
    for (const { id, epoch, isNamed } of await this.#store.producers()) {
      if (!isNamed) this.#unresumed.set(id, epoch);
    }
    if (this.#unresumed.size === 0) return;
    this.#forgetTimer = setTimeout(() => this.#serial.do(() => this.#forgetUnresumed()), REMEMBER_MS);
    this.#forgetTimer.unref();
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** @param id - empty for one without a name. */
  register(session: Session, request: number, id: string): void {
    this.#do(session, request, async () => {
      const port = await this.#store.producer(id === "" ? undefined : id);
      session.producers.set(request, { id, port, last: port.lastSequence });
      const { epoch, lastSequence } = port;
      const registered: wire.Registered = { producerId: port.id, epoch, lastSequence };
      session.answer(request, wire.encodeJson(request, registered));
      // Who held the id before is refused from now on, also where it waits.
      if (id !== "") for (const one of this.#puts) if (one.isBy?.(id)) await this.#tryAgain(this.#puts, one);
    });
  }

  /** Of a client that an earlier broker on the same journal knew, or this one before it forgot it. */
  resume(
    session: Session,
    request: number,
    { number, producerId, epoch }: wire.Registration & { number: number },
  ): void {
    this.#do(session, request, async () => {
      const port = await this.#store.resumeProducer(producerId, epoch);
      if (port === undefined)
        throw fault("HANDLE_CLOSED", `Producer ${producerId} has a newer holder, or was forgotten`);
      this.#unresumed.delete(producerId);
      session.producers.set(number, { id: producerId, port, last: port.lastSequence });
      session.answer(request, wire.encodeDone(request));
    });
  }

  retire(session: Session, request: number, producer: number): void {
    this.#doEnd(session, request, async () => {
      await session.producers.get(producer)?.port.close();
      session.producers.delete(producer);
    });
  }

  offer(session: Session, request: number, offer: OfferRequest): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: offer.items.reduce((sum, item) => sum + item.byteLength, 0),
      isBy: (id) => session.producers.get(offer.producer)?.id === id,
      attempt: () => this.#offerNow(session, request, offer),
      giveUp: () => session.answer(request, wire.encodeOffered(request, this.#full())),
    };
    this.#do(session, request, () => {
      const producer = session.producers.get(offer.producer);
      if (producer === undefined) throw noProducer(offer.producer);
      const isRetry = offer.first <= producer.last;
      // Nobody comes before those who wait; but what was accepted before is only answered again.
      if (this.#puts.size === 0 || isRetry) return this.#tryOrWait(this.#puts, one, offer.waits);
      if (!offer.waits) one.giveUp();
      else this.#wait(this.#puts, one);
    });
  }

  poll(session: Session, request: number, poll: PollRequest): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: 0,
      attempt: () => this.#pollNow(session, request, poll),
      giveUp: () =>
        session.answer(request, wire.encodePolled(request, { deliveries: [], state: "empty" }, false)),
    };
    this.#do(session, request, () => this.#tryOrWait(this.#takes, one, poll.waits));
  }

  /** Of what a plain take was handed: consumed from now on. */
  confirm(session: Session, request: number, taken: number): void {
    this.#do(session, request, () => {
      const tokens = session.assignments.get(taken);
      session.assignments.delete(taken);
      if (tokens === undefined) {
        session.answer(request, wire.encodeWord(request, "lost"));
        return;
      }
      return then(this.#consumer.settle(tokens.map((token) => ({ kind: "ack", token }))), () => {
        this.#freed();
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
            this.#endsAt(now + one.leaseMs);
          } else session.leases.delete(one.token);
          if (one.kind === "nack" && one.delayMs > 0 && settled[at] === "settled") {
            this.#delayEnds.push(now + one.delayMs);
            this.#endsAt(now + one.delayMs);
          }
        });
        this.#freed();
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

  seal(session: Session, request: number, discard: boolean): void {
    this.#do(session, request, async () => {
      const changed = await this.#store.seal({ discard });
      this.#freed();
      session.answer(request, wire.encodeJson(request, changed));
    });
  }

  counts(session: Session, request: number): void {
    this.#do(session, request, () =>
      then(this.#store.counts(), (counts) =>
        session.answer(
          request,
          wire.encodeJson(request, {
            ...counts,
            waitingProducers: this.#puts.size,
            waitingConsumers: this.#takes.size,
          }),
        ),
      ),
    );
  }

  drained(session: Session, request: number, waits: boolean): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: 0,
      attempt: () =>
        then(this.#store.drained(AT_ONCE), (isDrained) => {
          if (isDrained) session.answer(request, wire.encodeJson(request, true));
          return isDrained;
        }),
      giveUp: () => session.answer(request, wire.encodeJson(request, false)),
    };
    this.#do(session, request, () => this.#tryOrWait(this.#ends, one, waits));
  }

  listDead(session: Session, request: number, max: number, after: number): void {
    this.#do(session, request, async () => {
      const letters = await this.#store.deadLetters.list(max, after);
      session.answer(request, wire.encodeDeadLetters(request, letters));
    });
  }

  requeue(session: Session, request: number, sequence: number): void {
    this.#do(session, request, async () => {
      const answer = await this.#store.deadLetters.requeue(sequence);
      this.#freed();
      session.answer(request, wire.encodeWord(request, answer));
    });
  }

  remove(session: Session, request: number, sequence: number): void {
    this.#do(session, request, async () => {
      const answer = await this.#store.deadLetters.remove(sequence);
      this.#freed();
      session.answer(request, wire.encodeWord(request, answer));
    });
  }

  destroy(session: Session, request: number): void {
    this.#doEnd(session, request, async () => {
      await this.#store.destroy();
      this.#isDestroyed = true;
      this.end();
      for (const line of this.#lines) {
        for (const one of line) {
          line.remove(one);
          this.#fail(one.session, one.id, destroyed());
        }
      }
      this.#onDestroyed(session);
    });
  }

  /** The client waits no longer for this. What was done meanwhile is done, and was answered. */
  cancel(session: Session, request: number): void {
    this.#serial.do(() => {
      for (const line of this.#lines) {
        const one = line.find(session, request);
        if (one === undefined) continue;
        line.remove(one);
        one.giveUp();
        line.isWorthTrying = true;
      }
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
      for (const line of this.#lines) {
        for (const id of line.removeAllOf(session)) session.pending.delete(id);
        line.isWorthTrying = true;
      }
      return this.#serve();
    });
  }

  /** A client died, or has been unreachable for so long that it counts as dead. */
  lose(session: Session): void {
    session.pending.clear();
    this.#end(session, (tokens) =>
      tokens.map((token) => ({ kind: "nack", token, reason: HOLDER_DIED, delayMs: 0 })),
    );
  }

  /** A client said goodbye. */
  dismiss(session: Session, answer: () => void): void {
    this.#end(session, released, async () => {
      await this.#closeProducers(session);
      answer();
    });
  }

  /** Its unnamed producers will not come back. */
  forget(session: Session): void {
    this.#serial.do(() => this.#closeProducers(session));
  }

  /** Stops its timers. */
  end(): void {
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#endTimer);
    clearTimeout(this.#forgetTimer);
  }

  #end(
    session: Session,
    settlements: (leases: readonly LeaseToken[]) => Settlement[],
    after?: () => Promise<void>,
  ): void {
    this.#serial.do(async () => {
      for (const line of this.#lines) line.removeAllOf(session);
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
      this.#freed();
      await this.#serve();
    });
  }

  async #closeProducers({ producers }: Session): Promise<void> {
    for (const { port } of producers.values()) {
      try {
        await port.close();
      } catch {
        // As above.
      }
    }
    producers.clear();
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
    });
  }

  #tryOrWait(line: WaitingRequests, one: WaitingRequest, waits: boolean): MaybePromise<void> {
    return then(one.attempt(), (isAnswered) => {
      if (isAnswered) return;
      if (waits) this.#wait(line, one);
      else one.giveUp();
    });
  }

  #wait(line: WaitingRequests, one: WaitingRequest): void {
    if (line.bytes + one.bytes > WAITING_BYTES_MAX) {
      const held = `the broker holds ${line.bytes} bytes of puts that wait, and takes at most ${WAITING_BYTES_MAX}`;
      throw fault("TOO_MANY_WAITERS", `Too much waits for room: ${held}`);
    }
    line.add(one);
    this.#untold.push(one);
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      for (const { session, id } of this.#untold) {
        if (session.pending.has(id)) session.send(wire.encodeStatus(Status.Waiting, id));
      }
      this.#untold = [];
    }, TELL_AFTER_MS);
  }

  /** Serves those who wait, for as long as something has changed for them. */
  #serve(): MaybePromise<void> {
    for (const line of this.#lines) {
      while (line.isWorthTrying) {
        const { first } = line;
        if (first === undefined) break;
        const trying = this.#tryAgain(line, first);
        if (trying instanceof Promise) return trying.then(() => this.#serve());
      }
      line.isWorthTrying = false;
    }
    if (this.#lines.some((line) => line.isWorthTrying)) return this.#serve();
    this.#schedule();
  }

  #tryAgain(line: WaitingRequests, one: WaitingRequest): MaybePromise<void> {
    const after = (isAnswered: boolean) => {
      if (isAnswered) line.remove(one);
      else line.isWorthTrying = false;
    };
    const failed = (error: unknown) => {
      line.remove(one);
      this.#fail(one.session, one.id, error);
    };
    try {
      const trying = one.attempt();
      if (trying instanceof Promise) return trying.then(after, failed);
      after(trying);
    } catch (error) {
      failed(error);
    }
  }

  #offerNow(session: Session, request: number, offer: OfferRequest): MaybePromise<boolean> {
    const producer = session.producers.get(offer.producer);
    if (producer === undefined) throw noProducer(offer.producer);
    return then(producer.port.offer(offer.first, offer.items, AT_ONCE, offer.envelopes), (offered) => {
      if (offered.fullBy !== undefined) this.#fullBy = offered.fullBy;
      if (offered.accepted === 0 && offered.state === "full") return false;
      if (offered.accepted > 0) {
        producer.last = Math.max(producer.last, offer.first + offered.accepted - 1);
        this.#takes.isWorthTrying = true;
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
    return then(this.#consumer.poll(max, AT_ONCE, lease), (polled) => {
      const { deliveries, state } = polled;
      if (state === "empty") return false;
      if (leaseMs === 0) {
        if (deliveries.length > 0) session.assignments.set(request, deliveries.map(tokenOf));
      } else if (deliveries.length > 0) {
        const until = performance.now() + leaseMs;
        for (const one of deliveries) session.leases.set(tokenOf(one), { request, consumer, until });
        this.#endsAt(until);
      }
      session.answer(request, wire.encodePolled(request, polled, leaseMs !== 0));
      return true;
    });
  }

  #giveBack(tokens: readonly LeaseToken[]): MaybePromise<void> {
    if (tokens.length === 0) return;
    return then(this.#consumer.settle(released(tokens)), () => this.#freed());
  }

  #freed(): void {
    for (const line of this.#lines) line.isWorthTrying = true;
  }

  #full(): { accepted: number; state: "full"; fullBy: "items" | "bytes" } {
    return { accepted: 0, state: "full", fullBy: this.#fullBy };
  }

  #endsAt(at: number): void {
    if (at < this.#nextEnd) this.#nextEnd = at;
  }

  // Time alone ends leases and delays. Whoever asks next sees it; whoever waits is to be asked again.
  #schedule(): void {
    if (this.#takes.size + this.#ends.size + this.#puts.size === 0 || this.#nextEnd >= this.#endAt) return;
    clearTimeout(this.#endTimer);
    this.#endAt = this.#nextEnd;
    const delay = Math.min(TIMER_MS_MAX, Math.max(0, this.#nextEnd - performance.now()) + 1);
    this.#endTimer = setTimeout(() => {
      this.#endAt = Number.POSITIVE_INFINITY;
      this.#serial.do(async () => {
        await this.#lookForInherited();
        this.#lookForNextEnd();
        this.#freed();
        await this.#serve();
      });
    }, delay);
  }

  async #lookForInherited(): Promise<void> {
    if (this.#inherited.size === 0) return;
    try {
      const open = new Set((await this.#store.leases()).map(({ token }) => token));
      for (const token of this.#inherited) if (!open.has(token)) this.#inherited.delete(token);
    } catch {
      // Destroyed, or the journal failed: whoever asks next is told.
    }
  }

  async #forgetUnresumed(): Promise<void> {
    for (const [id, epoch] of this.#unresumed) {
      try {
        await (await this.#store.resumeProducer(id, epoch))?.close();
      } catch {
        // As above.
      }
    }
    this.#unresumed.clear();
  }

  #lookForNextEnd(): void {
    const now = performance.now();
    this.#nextEnd = Number.POSITIVE_INFINITY;
    this.#delayEnds = this.#delayEnds.filter((at) => at > now);
    for (const at of this.#delayEnds) this.#endsAt(at);
    if (this.#inherited.size > 0) this.#endsAt(now + LOOK_MS);
    for (const { leases } of this.#sessions()) {
      for (const [token, { until }] of leases) {
        if (until <= now) leases.delete(token);
        else this.#endsAt(until);
      }
    }
  }

  #fail(session: Session, request: number, error: unknown): void {
    const known = isBufferError(error);
    session.answer(
      request,
      wire.encodeFailure(request, {
        code: known ? error.code : "STORAGE_FAILED",
        effect: known ? error.effect : "unknown",
        message: error instanceof Error ? error.message : String(error),
      }),
    );
  }
}

function tokenOf({ token }: Delivery): LeaseToken {
  return token as LeaseToken;
}

function released(tokens: readonly LeaseToken[]): Settlement[] {
  return tokens.map((token) => ({ kind: "release", token }));
}

function then<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function noProducer(number: number): BufferError {
  return fault("HANDLE_CLOSED", `The broker knows no producer ${number} of this client`);
}

function destroyed(): BufferError {
  return fault("BUFFER_DESTROYED", "The buffer was destroyed");
}

function fault(
  code: "HANDLE_CLOSED" | "BUFFER_DESTROYED" | "TOO_MANY_WAITERS",
  message: string,
): BufferError {
  return new BufferError(code, message, { transport: "zeromq" });
}
