/** Requests about the whole buffer. */

import type { MaybePromise } from "@sluice/core";
import type { BrokerPort } from "@sluice/file-store";
import { AT_ONCE } from "./at-once.js";
import * as wire from "./protocol.js";
import type { RequestLines } from "./request-lines.js";
import type { Session } from "./session.js";
import { then } from "./then.js";
import type { WaitingRequest } from "./waiting-requests.js";

/** Dead letters of one answer, whose bytes are bounded too. */
const LETTERS_MAX = 1_000;

/** Carries out requests in their turn. */
export interface Tasks {
  do(session: Session, request: number, job: () => MaybePromise<void>): void;
  /** Of something that ends: nothing is to be done where all was destroyed. */
  end(session: Session, request: number, job: () => Promise<void>): void;
}

export class BufferRequests {
  readonly #store: BrokerPort;
  readonly #lines: RequestLines;
  readonly #tasks: Tasks;

  constructor(store: BrokerPort, lines: RequestLines, tasks: Tasks) {
    this.#store = store;
    this.#lines = lines;
    this.#tasks = tasks;
  }

  /** Nothing is kept of a consumer but the leases that it gets; there has to be a buffer. */
  consumer(session: Session, request: number): void {
    this.#tasks.do(session, request, () => session.answer(request, wire.encodeDone(request)));
  }

  seal(session: Session, request: number, discard: boolean): void {
    this.#tasks.do(session, request, async () => {
      const changed = await this.#store.seal({ discard });
      this.#lines.changed();
      session.answer(request, wire.encodeJson(request, changed));
    });
  }

  drained(session: Session, request: number, waits: boolean): void {
    const one: WaitingRequest = {
      session,
      id: request,
      bytes: session.pending.get(request) ?? 0,
      attempt: () =>
        then(this.#store.drained(AT_ONCE), (isDrained) => {
          if (isDrained) session.answer(request, wire.encodeJson(request, true));
          return isDrained;
        }),
      giveUp: () => session.answer(request, wire.encodeJson(request, false)),
    };
    this.#tasks.do(session, request, () => this.#lines.tryOrWait(this.#lines.ends, one, waits));
  }

  counts(session: Session, request: number): void {
    this.#tasks.do(session, request, () =>
      then(this.#store.counts(), (counts) =>
        session.answer(
          request,
          wire.encodeJson(request, {
            ...counts,
            waitingProducers: this.#lines.puts.size,
            waitingConsumers: this.#lines.takes.size,
          }),
        ),
      ),
    );
  }

  listDead(session: Session, request: number, max: number, after: number): void {
    this.#tasks.do(session, request, async () => {
      const most = Math.min(max, LETTERS_MAX);
      const letters = await this.#store.deadLetters.list(most, after);
      const hasMore = letters.length === most && most < max;
      session.answer(request, wire.encodeDeadLetters(request, letters, hasMore));
    });
  }

  requeue(session: Session, request: number, sequence: number): void {
    this.#tasks.do(session, request, async () => {
      const answer = await this.#store.deadLetters.requeue(sequence);
      this.#lines.changed();
      session.answer(request, wire.encodeWord(request, answer));
    });
  }

  remove(session: Session, request: number, sequence: number): void {
    this.#tasks.do(session, request, async () => {
      const answer = await this.#store.deadLetters.remove(sequence);
      this.#lines.changed();
      session.answer(request, wire.encodeWord(request, answer));
    });
  }
}
