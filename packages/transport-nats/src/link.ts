/** A connection that is there when it is needed: made on demand, and made again after it has ended. */

import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { faults, isDenied, isSilence, isUnsent, refusalOf, unavailable } from "./faults.js";
import { Publisher } from "./publisher.js";
import type { ServerPlace } from "./server-place.js";
import { ANSWER_MS, DOUBT_MS, PAUSE_MS, REQUEST_MS } from "./timing.js";

/** One connection, while it lasts. */
export interface Session {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly publisher: Publisher;
  readonly version: string;
}

/** Until when a call goes on trying: without any server, and with one that cannot answer yet. */
export interface Limit {
  readonly unreached: number;
  readonly unanswered: number;
}

export function limitFromNow(): Limit {
  const now = performance.now();
  return { unreached: now + REQUEST_MS, unanswered: now + DOUBT_MS };
}

export class Link {
  readonly where: string;
  readonly #place: ServerPlace;
  readonly #onSession: (session: Session) => Promise<void>;
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  #isClosed = false;

  /** @param onSession - readies a new connection before anything is asked over it. */
  constructor(place: ServerPlace, onSession: (session: Session) => Promise<void> = async () => {}) {
    this.where = place.urls.join(", ");
    this.#place = place;
    this.#onSession = onSession;
  }

  /** Undefined while there is no connection. */
  get current(): Session | undefined {
    return this.#session;
  }

  /** Rejects `TRANSPORT_UNAVAILABLE`, `PERMISSION_DENIED`, `HANDLE_CLOSED`, and as `onSession`. */
  async session({ unreached }: Limit): Promise<Session> {
    for (let tries = 0; ; tries++) {
      if (this.#isClosed) throw faults.closed();
      if (this.#session !== undefined) return this.#session;
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = undefined;
      });
      try {
        return await this.#connecting;
      } catch (error) {
        if (this.#isClosed) throw faults.closed();
        if (!isSilence(error)) throw refusalOf(error, "none");
        if (performance.now() >= unreached) throw unavailable(this.where, "none", error);
        await pause(tries);
      }
    }
  }

  /**
   * Asks what may be asked twice, until there is an answer.
   *
   * Rejects the server's refusals, for the caller to understand; `TRANSPORT_UNAVAILABLE`, `HANDLE_CLOSED`.
   */
  async ask<T>(limit: Limit, question: (session: Session) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const session = await this.session(limit);
      try {
        return await question(session);
      } catch (error) {
        if (this.#isClosed) throw faults.closed();
        if (!isSilence(error)) throw error;
        this.noAnswer(session, error);
        if (performance.now() >= limit.unanswered) throw unavailable(this.where, "none", error);
        await pause(tries);
      }
    }
  }

  /** For whoever hears it: nothing where there is no connection. */
  tell(subject: string, text: string): void {
    const nc = this.#session?.nc;
    if (nc !== undefined && !nc.isClosed()) nc.publish(subject, text);
  }

  /** A server that was silent may be there no more, or be cut off from the others: another one is asked. */
  noAnswer(session: Session, error: unknown): void {
    if (!isUnsent(error) || isDenied(error)) this.#drop(session);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#session !== undefined) this.#drop(this.#session);
  }

  async #connect(): Promise<Session> {
    const nc = await this.#place.connect();
    const session: Session = {
      nc,
      js: jetstream(nc, { timeout: ANSWER_MS }),
      publisher: new Publisher(nc, this.#place.inboxPrefix),
      jsm: await jetstreamManager(nc, { timeout: ANSWER_MS, checkAPI: false }),
      version: nc.info?.version ?? "0.0.0",
    };
    void nc.closed().then(() => {
      if (this.#session === session) this.#session = undefined;
    });
    try {
      await this.#onSession(session);
    } catch (error) {
      this.#drop(session);
      throw error;
    }
    if (this.#isClosed || nc.isClosed()) {
      this.#drop(session);
      throw new Error("The connection has ended");
    }
    this.#session = session;
    return session;
  }

  #drop(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.nc.close().catch(() => {});
  }
}

/** Longer from try to try, and not in step with others. */
export function pause(tries: number): Promise<void> {
  const ms = Math.min(PAUSE_MS.first * 2 ** Math.min(tries, 10), PAUSE_MS.most);
  return new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random() / 2)));
}
