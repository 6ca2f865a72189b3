/**
 * Publishes commits. One that is stored on a condition is answered, in an inbox of our own: the client's way makes for every request
 * errors that nobody sees, and an error of an answer that is usual here, which was a third of what a commit cost. One that is stored in
 * any case is told to everybody, its maker too, who needs no answer beside that.
 */

import { JetStreamApiError } from "@nats-io/jetstream";
import {
  createInbox,
  errors,
  headers,
  type NatsConnection,
  type PublishOptions,
} from "@nats-io/transport-node";
import { isDenied, lastSequenceIn, Unheard } from "./faults.js";
import { ANSWER_MS, UNTOLD_MS } from "./timing.js";

/** What the server says to a commit: the sequence that it has; or another one came first, whose sequence is told, or is 0. */
export interface Stored {
  readonly isStored: boolean;
  readonly sequence: number;
}

interface Pending {
  readonly subject: string;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

/** The answer as it comes. */
interface Answer {
  readonly seq?: number;
  readonly error?: ConstructorParameters<typeof JetStreamApiError>[0];
}

const EXPECT_LAST = "Nats-Expected-Last-Sequence";
const NO_RESPONDERS = 503;

export class Publisher {
  readonly #nc: NatsConnection;
  readonly #inbox: string;
  readonly #pending: Map<string, Pending> = new Map();
  /** What needs no answer, and its maker was not told yet. */
  #untold: (Pending & { readonly sentAt: number }) | undefined;
  #untoldTimer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(nc: NatsConnection, inboxPrefix: string | undefined) {
    this.#nc = nc;
    this.#inbox = createInbox(inboxPrefix);
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return this.#rejectAll(error);
        const pending = this.#pending.get(message.subject);
        if (pending === undefined) return;
        try {
          if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) throw new Unheard();
          pending.resolve(storedIn(message.json<Answer>()));
        } catch (refusal) {
          pending.reject(refusal);
        }
      },
    });
    void this.#heed();
    void nc.closed().then(() => this.#rejectAll(new errors.ClosedConnectionError()));
  }

  /**
   * Rejects the server's refusals, and the client's errors where there is no answer.
   *
   * @param lastSequence - only if this is the stream's last; undefined for whatever that is.
   */
  publish(subject: string, data: Uint8Array, lastSequence: number | undefined): Promise<Stored> {
    this.#count += 1;
    const reply = `${this.#inbox}.${this.#count}`;
    const options: PublishOptions = { reply };
    if (lastSequence !== undefined) {
      options.headers = headers();
      options.headers.set(EXPECT_LAST, `${lastSequence}`);
    }
    return this.#sent(reply, subject, data, options);
  }

  /** Until whoever listens says that it was told. One at a time. Rejects an `errors.TimeoutError` where it is not. */
  publishUnanswered(subject: string, data: Uint8Array): Promise<Stored> {
    return new Promise<Stored>((resolve, reject) => {
      this.#untold = { subject, resolve, reject, sentAt: performance.now() };
      this.#untoldTimer ??= setTimeout(() => this.#lookForUntold(), UNTOLD_MS);
      // The connection does not keep the process: a call that is under way does.
      this.#untoldTimer.ref();
      try {
        this.#nc.publish(subject, data);
      } catch (error) {
        this.#takeUntold()?.reject(error);
      }
    });
  }

  told(sequence: number): void {
    this.#takeUntold()?.resolve({ isStored: true, sequence });
  }

  /** From now on nothing keeps the process for it. */
  #takeUntold(): Pending | undefined {
    const untold = this.#untold;
    this.#untold = undefined;
    this.#untoldTimer?.unref();
    return untold;
  }

  // One timer serves many, one after the other: most are told long before, and cost nothing.
  #lookForUntold(): void {
    this.#untoldTimer = undefined;
    if (this.#untold === undefined) return;
    const leftMs = this.#untold.sentAt + UNTOLD_MS - performance.now();
    if (leftMs > 0) this.#untoldTimer = setTimeout(() => this.#lookForUntold(), leftMs);
    else this.#takeUntold()?.reject(new errors.TimeoutError());
  }

  #sent(key: string, subject: string, data: Uint8Array, options: PublishOptions): Promise<Stored> {
    return new Promise<Stored>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#pending.delete(key);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      const timer = setTimeout(() => fail(new errors.TimeoutError()), ANSWER_MS);
      const succeed = (stored: Stored) => {
        end();
        resolve(stored);
      };
      this.#pending.set(key, { subject, resolve: succeed, reject: fail });
      try {
        this.#nc.publish(subject, data, options);
      } catch (error) {
        fail(error);
      }
    });
  }

  // Who may not publish is told so beside the answers.
  async #heed(): Promise<void> {
    for await (const status of this.#nc.status()) {
      if (status.type !== "error" || !isDenied(status.error)) continue;
      const { error } = status;
      const denied = error instanceof errors.PermissionViolationError ? error.subject : undefined;
      const isOf = ({ subject }: Pending) => denied === undefined || denied === subject;
      for (const pending of this.#pending.values()) if (isOf(pending)) pending.reject(error);
      if (this.#untold !== undefined && isOf(this.#untold)) this.#takeUntold()?.reject(error);
    }
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#takeUntold()?.reject(error);
  }
}

/** @throws JetStreamApiError. */
function storedIn({ seq, error }: Answer): Stored {
  if (error === undefined) return { isStored: true, sequence: seq ?? 0 };
  const sequence = lastSequenceIn(error.err_code, error.description);
  if (sequence === undefined) throw new JetStreamApiError(error);
  return { isStored: false, sequence };
}
