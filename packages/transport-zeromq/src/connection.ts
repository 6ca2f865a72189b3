/**
 * A client's way to its broker: requests with an id each, and their answers. What is under way is sent again, under the same ids,
 * when the connection was lost; the broker carries out each once. Silence of the broker becomes an error after 3 seconds.
 *
 * An idle connection does nothing, and does not keep the process alive.
 */

import { randomBytes } from "node:crypto";
import { isBufferError, type Wait } from "@sluice/core";
import { type FieldReader, Malformed } from "./bytes.js";
import { ClientDealer } from "./dealer.js";
import { closed, closedUnder, destroyed, fault, faultOf, otherVersion, unavailable } from "./faults.js";
import type { ClientKeys } from "./keys.js";
import { type OpenRequest, OpenRequests, type RequestTerms } from "./open-requests.js";
import * as wire from "./protocol.js";
import { Kind, Status } from "./protocol.js";
import { DEAD_MS, HEARTBEAT_MS, TIMER_MS_MAX } from "./timing.js";

// Of one request; more of them make more requests.
const GIVEN_UP_MAX = 4_096;

export class BrokerConnection {
  readonly url: string;
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
  #isDestroyed = false;
  /** The broker knows whose connection this is. */
  #isIntroduced = false;
  #isOpening = false;
  #tick: NodeJS.Timeout | undefined;
  #lastTick = 0;
  #lastHeard = 0;
  #isPinging = false;
  /** How long the broker may be silent: it is asked again after it was taken for dead, but not waited for so long. */
  #patienceMs = DEAD_MS;
  /** Requests that were given up, of which the broker is to be told. */
  #givenUp: number[] = [];

  constructor(url: string, keys?: ClientKeys) {
    this.url = url;
    this.#dealer = new ClientDealer(url, keys, wire.clientPacket(this.#clientId, 0, []));
    this.#dealer.connect(url);
  }

  /** Greets the broker, which from then on knows this client. @param bufferId - of the buffer that is meant; empty for any. */
  async open(bufferId: string): Promise<wire.Opened> {
    const opened = await this.ask((id) => wire.encodeOpen(id, bufferId), wire.decodeJson<wire.Opened>);
    this.#bufferId = opened.bufferId;
    return opened;
  }

  /**
   * Asks, and waits for the answer. Rejects `TRANSPORT_UNAVAILABLE` after 3 s without a sign of the broker, or 1 s if it has given
   * none since; `HANDLE_CLOSED` when it is closed, and what the broker says.
   */
  ask<T>(
    encode: (id: number) => Buffer,
    decode: (body: FieldReader) => T,
    terms: RequestTerms = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) throw closed();
      if (this.#isDestroyed) throw destroyed();
      if (this.#givenUp.length > 0) this.#tellGivenUp();
      const id = this.#requests.nextId;
      // Before anything is noted: bytes that another thread has let grow cannot be written where they were measured.
      const part = encode(id);
      const { wait, effect = "none", isGreeting = false, isTelling = false } = terms;
      const release = wait === undefined ? undefined : this.#cancelWhenOver(id, wait);
      this.#add({
        id,
        part,
        effect,
        isCancelled: false,
        isGreeting,
        isTelling,
        onWaiting: wait?.onWait,
        answer: (body) => {
          release?.();
          try {
            resolve(decode(body));
          } catch (error) {
            reject(error instanceof Malformed ? this.#malformed(error) : error);
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
      await this.ask(encode, () => undefined);
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED") && !isBufferError(error, "TRANSPORT_UNAVAILABLE"))
        throw error;
    }
  }

  /** Says goodbye, if the broker hears it, and ends. What is under way fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#requests.failAll(({ effect }) => closedUnder(effect));
    try {
      await this.ask(
        (id) => wire.encodeBare(Kind.Close, id),
        () => undefined,
      );
    } catch {
      // The broker finds out from the connection.
    }
    this.drop();
  }

  /** Ends without a word. */
  drop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#tick);
    this.#requests.failAll(({ effect }) => closedUnder(effect));
    this.#dealer.close();
  }

  #add(request: OpenRequest): void {
    if (this.#requests.size === 0) this.#lastHeard = performance.now();
    this.#requests.add(request);
    // What is asked while the buffer is opened again leaves when the broker knows whose it is.
    if (!this.#isOpening || request.isGreeting) this.#put(request.part);
    if (!this.#isReceiving) void this.#receive();
    this.#tick ??= this.#nextTick();
  }

  #cancelWhenOver(id: number, { maxMs, signal }: Wait): (() => void) | undefined {
    if (maxMs === 0) return undefined;
    const cancel = () => {
      const request = this.#requests.get(id);
      if (request === undefined || request.isCancelled) return;
      request.isCancelled = true;
      this.#put(wire.encodeBare(Kind.Cancel, id));
    };
    const timer = maxMs <= TIMER_MS_MAX ? setTimeout(cancel, maxMs) : undefined;
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) queueMicrotask(cancel);
    return () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
    };
  }

  /** Leaves at the end of the turn, in one packet with what else there is by then. */
  #put(part: Buffer): void {
    if (this.#outbox.push(part) === 1 && !this.#isSending) process.nextTick(() => this.#flush());
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
        const clientId = this.#isIntroduced ? undefined : this.#clientId;
        await this.#dealer.send(wire.clientPacket(clientId, this.#requests.seen, parts));
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
        this.#lastHeard = performance.now();
        this.#patienceMs = DEAD_MS;
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
        other === undefined ? this.#malformed(error) : otherVersion(this.url, other.version),
      );
    }
  }

  #hear({ type, id, body }: wire.Part): void {
    if (type === Status.Destroyed) {
      this.#isDestroyed = true;
      this.#requests.failAll(() => destroyed());
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
    for (const { part, id, isCancelled } of this.#requests) {
      this.#put(part);
      if (isCancelled) this.#put(wire.encodeBare(Kind.Cancel, id));
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
        this.ask(
          (id) => wire.encodeResume(id, number, registration),
          () => undefined,
          { isGreeting: true },
        ),
      );
      // Whose registration is over is told by the next offer.
      await Promise.allSettled(resumed);
    } catch (error) {
      for (const id of before) this.#requests.fail(id, error);
    }
    this.#isOpening = false;
    this.#sendAgain();
  }

  #nextTick(): NodeJS.Timeout {
    this.#lastTick = performance.now();
    return setTimeout(() => this.#onTick(), HEARTBEAT_MS).unref();
  }

  #onTick(): void {
    const now = performance.now();
    // This process was stopped, or busy: what the broker said meanwhile has not been read yet.
    const wasAway = now - this.#lastTick > 2 * HEARTBEAT_MS;
    this.#tick = undefined;
    if (this.#requests.size === 0) return;
    if (wasAway) this.#lastHeard = now;
    const silentMs = now - this.#lastHeard;
    if (silentMs >= this.#patienceMs * 0.9) this.#giveUpAll();
    else if (silentMs >= HEARTBEAT_MS * 0.9) this.#ping();
    if (this.#requests.size > 0) this.#tick ??= this.#nextTick();
  }

  #giveUpAll(): void {
    this.#patienceMs = HEARTBEAT_MS;
    let isAnyNew = false;
    for (const { id, isTelling } of this.#requests) {
      if (isTelling) continue;
      isAnyNew = true;
      this.abandon(id);
    }
    this.#requests.failAll(({ effect }) => unavailable(this.url, effect));
    // On its way already, for when the broker goes on; if that is in vain, with what is asked next.
    if (isAnyNew) this.#tellGivenUp();
  }

  #tellGivenUp(): void {
    const all = this.#givenUp;
    this.#givenUp = [];
    for (let at = 0; at < all.length; at += GIVEN_UP_MAX) {
      const ids = all.slice(at, at + GIVEN_UP_MAX);
      this.ask(
        (id) => wire.encodeGiveUp(id, ids),
        () => undefined,
        { isTelling: true },
      ).catch(() => {
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

  #malformed(cause: Malformed): Error {
    const message = `What listens at ${this.url} does not speak this protocol: ${cause.message}`;
    return fault("NOT_A_BUFFER", message, { cause });
  }
}
