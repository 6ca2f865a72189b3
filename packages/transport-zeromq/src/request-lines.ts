/** The three lines of those who wait at the broker: for room, for an item, for the end. */

import type { MaybePromise } from "@sluice/core";
import { fault } from "./faults.js";
import * as wire from "./protocol.js";
import { Status } from "./protocol.js";
import type { Session } from "./session.js";
import { type WaitingRequest, WaitingRequests } from "./waiting-requests.js";

/** Nobody is told of a wait that is over sooner: each telling is a message. */
const TELL_AFTER_MS = 10;
/** Of requests that wait in one line, all clients together; and of those that have not come so far, behind a slow journal. */
export const WAITING_BYTES_MAX: number = 256 * 1024 * 1024;

export class RequestLines {
  readonly puts: WaitingRequests = new WaitingRequests();
  readonly takes: WaitingRequests = new WaitingRequests();
  readonly ends: WaitingRequests = new WaitingRequests();
  readonly #all: readonly WaitingRequests[] = [this.puts, this.takes, this.ends];
  readonly #fail: (one: WaitingRequest, error: unknown) => void;
  #untold: WaitingRequest[] = [];
  #isEnded = false;
  #tellTimer: NodeJS.Timeout | undefined;

  /** @param fail - answers one that cannot be tried again. */
  constructor(fail: (one: WaitingRequest, error: unknown) => void) {
    this.#fail = fail;
  }

  /** Something has changed that any of them may have waited for. */
  changed(): void {
    for (const line of this.#all) line.isWorthTrying = true;
  }

  /** @throws BufferError `TOO_MANY_WAITERS`. */
  tryOrWait(line: WaitingRequests, one: WaitingRequest, waits: boolean): MaybePromise<void> {
    const orWait = (isAnswered: boolean) => {
      if (isAnswered) return;
      if (waits) this.wait(line, one);
      else one.giveUp();
    };
    const trying = one.attempt();
    return trying instanceof Promise ? trying.then(orWait) : orWait(trying);
  }

  /** @throws as `tryOrWait`. */
  wait(line: WaitingRequests, one: WaitingRequest): void {
    if (line.bytes + one.bytes > WAITING_BYTES_MAX) {
      const held = `the broker holds ${line.bytes} bytes of requests like this one, and takes at most ${WAITING_BYTES_MAX}`;
      throw fault("TOO_MANY_WAITERS", `Too much waits: ${held}`);
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
  serve(): MaybePromise<void> {
    if (this.#isEnded) return;
    for (const line of this.#all) {
      while (line.isWorthTrying) {
        const { first } = line;
        if (first === undefined) break;
        const trying = this.tryAgain(line, first);
        if (trying instanceof Promise) return trying.then(() => this.serve());
      }
      line.isWorthTrying = false;
    }
    if (this.#all.some((line) => line.isWorthTrying)) return this.serve();
  }

  tryAgain(line: WaitingRequests, one: WaitingRequest): MaybePromise<void> {
    const after = (isAnswered: boolean) => {
      if (isAnswered) line.remove(one);
      else line.isWorthTrying = false;
    };
    const failed = (error: unknown) => {
      line.remove(one);
      this.#fail(one, error);
    };
    try {
      const trying = one.attempt();
      if (trying instanceof Promise) return trying.then(after, failed);
      after(trying);
    } catch (error) {
      failed(error);
    }
  }

  /** Answers one what is true of it, and lets those behind it try. */
  giveUp(session: Session, request: number): void {
    for (const line of this.#all) {
      const one = line.find(session, request);
      if (one === undefined) continue;
      line.remove(one);
      one.giveUp();
      line.isWorthTrying = true;
    }
  }

  /** Of a client that is gone: nobody is answered. Tells which they were. */
  removeAllOf(session: Session): number[] {
    return this.#all.flatMap((line) => {
      const ids = line.removeAllOf(session);
      line.isWorthTrying = true;
      return ids;
    });
  }

  failAll(error: () => unknown): void {
    for (const line of this.#all) {
      for (const one of line) {
        line.remove(one);
        this.#fail(one, error());
      }
    }
  }

  /** Serves nobody any more, and stops its timer. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#tellTimer);
  }
}
