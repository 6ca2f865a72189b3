/**
 * A client's way to its broker: requests with an id each, and their answers. What is under way is sent again, under the same ids,
 * when the connection was lost; the broker carries out each once. Silence of the broker becomes an error after 3 seconds, or
 * sooner where nobody listens at its place any more and it kept no journal: then its buffer is gone with it.
 *
 * An idle connection does nothing, and does not keep the process alive.
 */

import { randomBytes } from "node:crypto";
import { isMainThread } from "node:worker_threads";
import { isBufferError } from "@sluice/core";
import { type FieldReader, Malformed } from "./bytes.js";
import { ClientDealer } from "./dealer.js";
import { closed, closedUnder, destroyed, faultOf, otherSpeech, otherVersion, unavailable } from "./faults.js";
import type { ClientKeys } from "./keys.js";
import { letGo } from "./let-go.js";
import { type OpenRequest, OpenRequests, type RequestTerms } from "./open-requests.js";
import { nobodyListens, type Place } from "./place.js";
import * as wire from "./protocol.js";
import { Kind, Status } from "./protocol.js";
import { SilenceWatch } from "./silence-watch.js";
import { whenOver } from "./when-over.js";

// Of one request; more of them make more requests.
const GIVEN_UP_MAX = 4_096;

const lengthOf = ({ byteLength }: Buffer): number => byteLength;

/** Reads an answer that has no body. */
export function nothing(): undefined {}

export class BrokerConnection {
  readonly #place: Place;
  readonly #dealer: ClientDealer;
  readonly #clientId: Buffer = randomBytes(wire.CLIENT_ID_BYTES);
  readonly #requests: OpenRequests = new OpenRequests();
  /** Of this client's producers, by the number of the request that registered them. */
  readonly #registrations: Map<number, wire.Registration> = new Map();
  #bufferId = "";
  #outbox: Buffer[] = [];
  #isSending = false;
  #isReceiving = false;
  #isClosed = false;
  #gone: Promise<void> = Promise.resolve();
  isDestroyed = false; // as its broker has said
  /** The broker knows whose connection this is. */
  #isIntroduced = false;
  #isOpening = false;
  #isPinging = false;
  /** The buffer outlives its broker. */
  #hasJournal = true;
  #isLooking = false;
  /** The broker is gone, and what it kept in memory. Somebody may come back to its place, who knows this buffer or does not. */
  #isDeserted = false;
  readonly #watch: SilenceWatch;
  /** Requests that were given up, of which the broker is to be told. */
  #givenUp: number[] = [];

  constructor(place: Place, keys?: ClientKeys) {
    this.#place = place;
    this.#dealer = new ClientDealer(place.url, keys, wire.clientPacket(this.#clientId, 0, []));
    this.#dealer.connect(place.url);
    const requests = this.#requests;
    this.#watch = new SilenceWatch({
      get isWaiting() {
        return requests.size > 0;
      },
      onSilence: () => {
        this.#ping();
        void this.#look();
      },
      onDeath: (longAgo) => {
        this.#giveUp(longAgo);
        void this.#look();
      },
    });
  }

  /** Greets the broker, which from then on knows this client. @param bufferId - of the buffer that is meant; empty for any. */
  async open(bufferId: string): Promise<wire.Opened> {
    const opened = await this.ask((id) => wire.encodeOpen(id, bufferId), wire.decodeJson<wire.Opened>);
    this.#bufferId = opened.bufferId;
    this.#hasJournal = opened.journal !== "none";
    return opened;
  }

  /**
   * Asks, and waits for the answer. Rejects `TRANSPORT_UNAVAILABLE` after 3 s without a sign of the broker, or 1 s if it has given
   * none since, or at once where it is certain to be dead; `HANDLE_CLOSED` when it is closed, and what the broker says.
   */
  ask<T>(
    encode: (id: number) => Buffer,
    decode: (body: FieldReader) => T,
    terms: RequestTerms = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.isDestroyed) throw destroyed();
      if (this.#isClosed) throw closed();
      if (this.#givenUp.length > 0) this.#tellGivenUp();
      const id = this.#requests.nextId;
      // Before anything is noted: bytes that another thread has let grow cannot be written where they were measured.
      const part = encode(id);
      const { wait, effect = "none", isGreeting = false, isTelling = false } = terms;
      const release = wait === undefined ? undefined : whenOver(wait, () => this.#cancel(id));
      this.#add({
        id,
        part,
        effect,
        since: performance.now(),
        isSent: false,
        isCancelled: false,
        isGreeting,
        isTelling,
        onWaiting: wait?.onWait,
        answer: (body) => {
          release?.();
          try {
            resolve(decode(body));
          } catch (error) {
            reject(error instanceof Malformed ? otherSpeech(this.#place.url, error) : error);
          }
        },
        fail: (error) => {
          release?.();
          reject(error);
        },
      });
    });
  }

  /** Nobody waits for the answer to this request any more, or for what it was handed. */
  abandon(id: number): void {
    this.#givenUp.push(id);
  }

  /** Registers a producer, and again wherever the broker has forgotten it. @param producerId - empty for one without. */
  async register(producerId: string): Promise<wire.Registered & { readonly number: number }> {
    let number = 0;
    const registered = await this.ask(
      (id) => {
        number = id;
        return wire.encodeProducer(id, producerId);
      },
      wire.decodeJson<wire.Registered>,
    );
    this.#registrations.set(number, registered);
    return { ...registered, number };
  }

  async retire(number: number): Promise<void> {
    this.#registrations.delete(number);
    await this.giveUp((id) => wire.encodeNumber(Kind.Retire, id, number));
  }

  /** Asks to end something, which may have ended with the buffer, or with this connection: then the broker finds out by itself. */
  async giveUp(encode: (id: number) => Buffer): Promise<void> {
    try {
      await this.ask(encode, nothing);
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED") && !isBufferError(error, "TRANSPORT_UNAVAILABLE"))
        throw error;
    }
  }

  /** Says goodbye, if the broker hears it, and ends. What is under way fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return this.#gone;
    this.#requests.failAll(({ effect }) => closedUnder(effect));
    try {
      await this.ask((id) => wire.encodeBare(Kind.Close, id), nothing);
    } catch {
      // The broker finds out from the connection.
    }
    await this.drop();
  }

  /** Ends without a word. Resolves when this thread may end. */
  drop(): Promise<void> {
    if (this.#isClosed) return this.#gone;
    this.#isClosed = true;
    this.#watch.end();
    this.#requests.failAll(({ effect }) => closedUnder(effect));
    if (isMainThread) this.#dealer.close();
    else this.#gone = letGo(this.#dealer);
    return this.#gone;
  }

  #add(request: OpenRequest): void {
    this.#watch.begin(this.#requests.size === 0);
    this.#requests.add(request);
    // What is asked while the buffer is opened again leaves when the broker knows whose it is.
    if (this.#isDeserted) void this.#look();
    else if (!this.#isOpening || request.isGreeting) this.#putRequest(request);
    if (!this.#isReceiving) void this.#receive();
  }

  #cancel(id: number): void {
    const request = this.#requests.get(id);
    if (request === undefined || request.isCancelled) return;
    request.isCancelled = true;
    this.#put(wire.encodeBare(Kind.Cancel, id));
  }

  #putRequest(request: OpenRequest): void {
    request.isSent = true;
    this.#put(request.part);
  }

  /** Leaves at the end of the turn, in one packet with what else there is by then. */
  #put(part: Buffer): void {
    if (this.#outbox.push(part) > 1 || this.#isSending) return;
    // What core asks at the end of the turn stands behind the first tick: so the next poll goes with the confirmation.
    process.nextTick(() => process.nextTick(() => this.#flush()));
  }

  async #flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#outbox.length > 0 && !this.#isClosed) {
        const parts = this.#outbox;
        this.#outbox = [];
        this.#requests.tellHeard(parts);
        // Waits while there is no connection: then it is sent again by what is done when there is one.
        for (let from = 0; from < parts.length; ) {
          const to = wire.endOfPacket(parts, from, lengthOf);
          const clientId = this.#isIntroduced ? undefined : this.#clientId;
          const packet = wire.clientPacket(clientId, this.#requests.seen, parts.slice(from, to));
          await this.#dealer.send(packet);
          from = to;
        }
      }
    } catch {
      // Closed under it.
    }
    this.#isSending = false;
  }

  async #receive(): Promise<void> {
    this.#isReceiving = true;
    try {
      while (this.#requests.size > 0 && !this.#isClosed) {
        const packet = await this.#dealer.next();
        if (packet === undefined) continue;
        this.#watch.heard();
        if (this.#isDeserted) this.#isBack();
        this.#read(packet);
      }
    } catch (error) {
      if (!this.#isClosed) this.#requests.failAll(() => error);
    }
    this.#isReceiving = false;
  }

  #read(packet: Buffer): void {
    try {
      const { parts } = wire.readBrokerPacket(packet);
      if (parts.left === 0) {
        // A connection begins: what was sent on an earlier one may be lost.
        this.#isIntroduced = false;
        this.#sendAgain();
      } else if (!this.#isOpening) this.#isIntroduced = true;
      for (let part = wire.nextPart(parts); part !== undefined; part = wire.nextPart(parts)) this.#hear(part);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const other = error instanceof wire.OtherVersion ? error : undefined;
      this.#requests.failAll(() =>
        other === undefined
          ? otherSpeech(this.#place.url, error)
          : otherVersion(this.#place.url, other.version),
      );
    }
  }

  #hear({ type, id, body }: wire.Part): void {
    if (type === Status.Destroyed) {
      this.isDestroyed = true;
      this.#requests.failAll(() => destroyed());
      void this.drop();
      return;
    }
    const request = this.#requests.get(id);
    if (request === undefined) return;
    switch (type) {
      case Status.Waiting:
        request.onWaiting?.();
        return;
      case Status.Unknown:
        void this.#openAgain();
        return;
      case Status.Failed:
        this.#requests.fail(id, faultOf(wire.decodeFailure(body)));
        return;
      case Status.Done:
        this.#requests.forget(id);
        request.answer(body);
        return;
      default:
        throw new Malformed(`a reply with status ${type}`);
    }
  }

  #sendAgain(): void {
    this.#outbox = [];
    this.#requests.hearAgain();
    for (const request of this.#requests) {
      this.#putRequest(request);
      if (request.isCancelled) this.#put(wire.encodeBare(Kind.Cancel, request.id));
    }
  }

  /** The broker has forgotten this client, or is another one that goes on with the journal. */
  async #openAgain(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.#isIntroduced = false;
    const before = this.#requests.ids();
    try {
      await this.ask((id) => wire.encodeOpen(id, this.#bufferId), wire.decodeJson<wire.Opened>, {
        isGreeting: true,
      });
      this.#isIntroduced = true;
      const resumed = [...this.#registrations].map(([number, registration]) =>
        this.ask((id) => wire.encodeResume(id, number, registration), nothing, { isGreeting: true }),
      );
      // Whose registration is over is told by the next offer.
      await Promise.allSettled(resumed);
    } catch (error) {
      for (const id of before) this.#requests.fail(id, error);
    }
    this.#isOpening = false;
    this.#sendAgain();
  }

  /** Of what was asked by then nobody waits for an answer any more. */
  #giveUp(longAgo: number): void {
    let isAnyNew = false;
    for (const { id, since, isTelling, effect } of [...this.#requests]) {
      if (since > longAgo) continue;
      if (!isTelling) this.abandon(id);
      isAnyNew ||= !isTelling;
      this.#requests.fail(id, unavailable(this.#place.url, effect));
    }
    // On its way already, for when the broker goes on; if that is in vain, with what is asked next.
    if (isAnyNew) this.#tellGivenUp();
  }

  /** Whether the broker is certain to be dead. One with a journal may be on its way back. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#hasJournal) return;
    this.#isLooking = true;
    const { signs } = this.#watch;
    const isDeserted = await nobodyListens(this.#place);
    this.#isLooking = false;
    if (this.#isClosed || this.#watch.signs !== signs) return;
    if (!isDeserted) {
      if (this.#isDeserted) this.#isBack();
      return;
    }
    this.#isDeserted = true;
    // Nothing is handed to ZeroMQ from now on, which would keep it.
    this.#requests.failAll(({ isSent, effect }) => unavailable(this.#place.url, isSent ? effect : "none"));
    this.#givenUp = [];
  }

  #isBack(): void {
    this.#isDeserted = false;
    this.#sendAgain();
  }

  #tellGivenUp(): void {
    const all = this.#givenUp;
    this.#givenUp = [];
    for (let at = 0; at < all.length; at += GIVEN_UP_MAX) {
      const ids = all.slice(at, at + GIVEN_UP_MAX);
      this.ask((id) => wire.encodeGiveUp(id, ids), nothing, { isTelling: true }).catch(() => {
        for (const id of ids) this.abandon(id);
      });
    }
  }

  #ping(): void {
    if (this.#isPinging) return;
    this.#isPinging = true;
    this.ask((id) => wire.encodeBare(Kind.Ping, id), wire.decodeJson<number>)
      .then(
        // It counts this one too. Fewer than here: something was lost on the way.
        (pending) => {
          if (pending < this.#requests.size) this.#sendAgain();
        },
        () => {},
      )
      .finally(() => {
        this.#isPinging = false;
      });
  }
}
