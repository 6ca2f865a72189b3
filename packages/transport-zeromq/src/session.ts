/** A client, as the broker knows it: from its first packet until it has said goodbye, or has been gone for long. */

import type { LeaseToken, ProducerPort } from "@sluice/core";
import { Malformed } from "./bytes.js";
import { IdRanges } from "./id-ranges.js";

/** Each stands between two requests that are under way. */
const HEARD_RANGES_MAX = 10_000;

/** A registration, and how far it has come. */
export interface SessionProducer {
  readonly id: string;
  readonly port: ProducerPort;
  last: number;
}

/** Under which of the client's consumers a lease is held, by which request, and until when at least. */
export interface HeldLease {
  readonly request: number;
  readonly consumer: number;
  until: number;
}

export class Session {
  /** The client's own id, which it keeps for as long as its handle is open. */
  readonly key: string;
  readonly since: number;
  /** Of its present connection; undefined while it has none. */
  routingId: Buffer | undefined;
  /** It has said goodbye, or has not been seen for so long that what it held was given to others. */
  isGone = false;
  /** Runs while it has no connection. */
  timer: NodeJS.Timeout | undefined;
  readonly producers: Map<number, SessionProducer> = new Map();
  readonly leases: Map<LeaseToken, HeldLease> = new Map();
  /** Handed out to plain takes and not confirmed, by the id of the request. */
  readonly assignments: Map<number, readonly LeaseToken[]> = new Map();
  /** Requests that came and are not answered, and how many bytes each keeps in memory. */
  readonly pending: Map<number, number> = new Map();
  /** Kept until the client says that it has seen them, so that a request that comes again is not carried out again. */
  readonly #replies: Map<number, Buffer> = new Map();
  readonly #onOutput: (session: Session) => void;
  #seen = 0;
  /** Of those above `#seen`. */
  readonly #heard: IdRanges = new IdRanges();
  #outbox: Buffer[] = [];
  /** In the outbox for another time. */
  readonly #sentAgain: Set<number> = new Set();

  /**
   * @param since - the request with which the client came: of earlier ones only an earlier broker, or nobody, could tell.
   * @param onOutput - called when there is something to send where there was nothing.
   */
  constructor(key: string, since: number, onOutput: (session: Session) => void) {
    this.key = key;
    this.since = since;
    this.#onOutput = onOutput;
  }

  /** Bytes of replies that were not seen. */
  replyBytes = 0;

  /** Requests under way, and replies that were not seen. */
  get open(): number {
    return this.pending.size + this.#replies.size;
  }

  /** The client has all replies up to this request. */
  sawUpTo(seen: number): void {
    if (seen <= this.#seen) return;
    this.#seen = seen;
    for (const id of this.#replies.keys()) if (id <= seen) this.#drop(id);
    this.#heard.removeUpTo(seen);
  }

  /** The client has these replies too, or wants them no more. @throws Malformed. */
  heard(from: number, to: number): void {
    if (to < from) throw new Malformed(`replies from ${from} to ${to}`);
    if (to <= this.#seen) return;
    if (this.#heard.size >= HEARD_RANGES_MAX) throw new Malformed("too many gaps in what was heard");
    this.#heard.add(from, to);
    if (to - from < this.#replies.size) for (let id = from; id <= to; id++) this.#drop(id);
    else for (const id of this.#replies.keys()) if (from <= id && id <= to) this.#drop(id);
  }

  /** Whether the request is to be carried out: not if it came before. What was answered is answered again. */
  isNew(id: number): boolean {
    if (this.#isHeard(id) || this.pending.has(id)) return false;
    const reply = this.#replies.get(id);
    if (reply === undefined) return true;
    // Once a turn, however often it is asked for.
    if (!this.#sentAgain.has(id)) this.send(reply);
    this.#sentAgain.add(id);
    return false;
  }

  answer(id: number, reply: Buffer): void {
    if (!this.pending.delete(id)) return;
    if (this.#isHeard(id)) return;
    this.#replies.set(id, reply);
    this.replyBytes += reply.byteLength;
    this.send(reply);
  }

  /** All that the client may not have, also what it has not asked for once more. */
  answerAgain(): void {
    for (const reply of this.#replies.values()) this.send(reply);
  }

  /** Sends at the end of the turn, with what else there is by then. */
  send(part: Buffer): void {
    if (this.#outbox.push(part) === 1) this.#onOutput(this);
  }

  #drop(id: number): void {
    this.replyBytes -= this.#replies.get(id)?.byteLength ?? 0;
    this.#replies.delete(id);
  }

  #isHeard(id: number): boolean {
    return id <= this.#seen || this.#heard.has(id);
  }

  takeOutput(): Buffer[] {
    const output = this.#outbox;
    this.#outbox = [];
    this.#sentAgain.clear();
    return output;
  }
}
