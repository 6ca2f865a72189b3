/**
 * The log: commits in a stream, and the state that those of them add up to that count.
 *
 * A commit is one message. It is stored on the condition that the stream's last sequence is the one that its maker knows, or in any
 * case, and then all who apply it find out whether it counts (`course.ts`). So a participant that was stopped or cut off for however
 * long cannot commit to what it saw before. A commit's number is its sequence in the stream.
 *
 * What the stream takes the server also tells at once to everybody who listens. It may be told twice, late, or not at all: only
 * what fits behind the last one is applied, and what is missing is fetched.
 */

import type { StoredMsg } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import { type BufferSpec, isBufferError } from "@sluice/core";
import {
  BufferState,
  type Clock,
  type Faults,
  type Log,
  newHandleId,
  type WaitKind,
} from "@sluice/file-store";
import { type Applied, type Course, counted, newCourse, note } from "./course.js";
import { faults, isDenied, isStreamMissing, refusalOf, unavailable } from "./faults.js";
import { Hearing } from "./hearing.js";
import { type Limit, Link, limitFromNow, pause, type Session } from "./link.js";
import { kindOf, type Names } from "./names.js";
import { Payloads } from "./payloads.js";
import { Reached } from "./reached.js";
import { type CommitHead, decodeRecord, NOTHING, payloadIn } from "./record.js";
import { ServerClock } from "./server-clock.js";
import type { ServerPlace } from "./server-place.js";
import { FALLBACK_MS, TOLD_MS } from "./timing.js";
import { sequenceIn, type Told } from "./told.js";
import { Turns } from "./turns.js";
import { Waits } from "./waits.js";
import { loadState, readAll } from "./whole-state.js";

const FETCHED_AT_ONCE = 64;
// Head of a commit, and what a client and a server put around a message.
const HEAD_BYTES_MAX = 64 * 1024;

export class NatsLog implements Log {
  readonly faults: Faults = faults;
  readonly handle: string = newHandleId();
  readonly durable = false;
  readonly syncMs = 0;
  readonly isQuickToLook = true;
  readonly names: Names;
  readonly spec: BufferSpec;
  readonly link: Link;
  readonly payloads: Payloads;
  readonly hearing: Hearing = new Hearing();
  readonly waits: Waits = new Waits(
    () => this.hearing.silenceMs(this.handle),
    () => this.link.tell(this.names.waits, this.handle),
  );
  readonly serverClock: ServerClock = new ServerClock();
  state: BufferState;
  /** Sequence of the last message that the state includes. */
  number = 0;
  course: Course = newCourse();
  /** Up to which message the newest whole state in the stream goes. */
  wholeUpTo = 0;
  /** Sequence of the head of that. */
  wholeAt = 0;
  /** How long a commit takes, of late. */
  commitMs = 1;
  onAdvance: () => void = () => {};
  onSegment: () => void = () => {};
  /** A commit of this handle was seen, whether it counts or not. */
  onOwn: (turn: number, number: number) => void = () => {};
  #isReplicated = false;
  #recordBytesMax = Number.POSITIVE_INFINITY;
  /** Told, and not yet their turn. */
  readonly #ahead: Map<number, Told> = new Map();
  readonly #reached: Reached = new Reached();
  readonly #turns: Turns = new Turns();
  /** The last that this handle has sent: it need not be read when it comes back. */
  sent: { readonly head: CommitHead; readonly record: Buffer } | undefined;
  /** The last of this handle that counted. */
  #own: Applied = { turn: 0, number: 0, operations: [] };
  #checkedAt = 0;
  #checking: Promise<void> | undefined;
  #failure: unknown;
  /** Why nothing is told to this handle, and never will be. */
  #denied: unknown;
  #gapTimer: NodeJS.Timeout | undefined;

  constructor(place: ServerPlace, names: Names, spec: BufferSpec) {
    this.names = names;
    this.spec = spec;
    this.state = new BufferState(spec, faults);
    this.payloads = new Payloads(() => this.state);
    this.link = new Link(place, (session) => this.#begin(session));
  }

  get clock(): Clock {
    return this.serverClock;
  }

  get commitBytesMax(): number {
    return this.#recordBytesMax - HEAD_BYTES_MAX;
  }

  /** What one message can carry. */
  get recordBytesMax(): number {
    return this.#recordBytesMax;
  }

  /** Commits come by themselves. Here it is seen to that they do. Throws what keeps them from coming. */
  catchUp(): void {
    if (this.#denied !== undefined) throw this.#denied;
    if (this.#failure !== undefined) throw this.#failure;
    const isLate = performance.now() - this.#checkedAt > FALLBACK_MS;
    if (this.link.current !== undefined && !isLate) return;
    this.#beginCheck();
  }

  /** A little more than a commit takes, so that it is seen before this one asks as well; less where it is seen before. */
  passTurn(kind?: WaitKind): Promise<void> {
    return this.#turns.pass(this.commitMs, kind);
  }

  readonly isQuiet = (handle: string): boolean => this.hearing.isQuiet(handle);

  watchPath(): undefined {
    return undefined;
  }

  isNews(): boolean {
    return false;
  }

  /** Whether the state is what the servers hold, at some instant within this call; if not, it is brought up to that. */
  async isCurrent(limit: Limit): Promise<boolean> {
    if (!this.#isReplicated) return this.#isUpToDate(limit);
    const before = this.number;
    // A leader that was just chosen may be behind, and one that is cut off believes to be it for a while: neither can store anything.
    const { seq } = await this.askStream(limit, ({ js }) => js.publish(this.names.parts, NOTHING));
    this.take(seq, this.names.parts, NOTHING);
    await this.reach(seq, limit);
    return seq === before + 1;
  }

  /** The same, as far as the server knows that is asked. */
  async #isUpToDate(limit: Limit): Promise<boolean> {
    const before = this.number;
    const { state } = await this.askStream(limit, ({ jsm }) => jsm.streams.info(this.names.stream));
    this.#checkedAt = performance.now();
    if (state.last_seq <= before) return true;
    await this.reach(state.last_seq, limit);
    return false;
  }

  /** Applies what comes up to this number, which is in the stream. Waits a moment for it to be told, then fetches it. */
  async reach(number: number, limit: Limit): Promise<void> {
    if (this.number < number) await this.#reached.soon(number);
    for (let tries = 0; this.number < number; tries++) {
      const before = this.number;
      await this.#fetchUpTo(number, limit);
      if (this.number > before) continue;
      // A leader that was just chosen may be behind.
      if (performance.now() >= limit.unanswered) throw unavailable(this.link.where, "none", undefined);
      await pause(tries);
    }
  }

  /** The same, of a number that may never come: a leader that is cut off counts what it could not store as well. */
  async reachIfThere(number: number, limit: Limit): Promise<void> {
    if (this.number < number) await this.#reached.soon(number);
    if (this.number < number) await this.isCurrent(limit);
  }

  /** This handle's commit of that turn, if it was applied. */
  ownCommit(turn: number): Applied | undefined {
    return this.#own.turn === turn ? this.#own : undefined;
  }

  /** A message of the stream, by whatever way it has come. */
  take(sequence: number, subject: string, data: Uint8Array): void {
    if (sequence <= this.number) return;
    if (sequence > this.number + 1) {
      this.#ahead.set(sequence, { subject, data });
      // What is missing was told late, or is never told.
      this.#gapTimer ??= setTimeout(() => this.#lookForMissing(), TOLD_MS).unref();
      return;
    }
    this.#apply(sequence, subject, data);
    for (let next = this.#ahead.get(this.number + 1); next !== undefined; ) {
      this.#ahead.delete(this.number + 1);
      this.#apply(this.number + 1, next.subject, next.data);
      next = this.#ahead.get(this.number + 1);
    }
    this.#advanced();
  }

  /** Asks for something of the stream. Rejects `BUFFER_DESTROYED` where there is none any more, and as `Link.ask`. */
  async askStream<T>(limit: Limit, question: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.link.ask(limit, question);
    } catch (error) {
      throw this.understood(error);
    }
  }

  understood(error: unknown): unknown {
    if (!isStreamMissing(error)) return error;
    this.state.destroyed = true;
    this.onAdvance();
    return faults.destroyed("in the stream");
  }

  async fetchPayloads(commits: readonly number[], limit: Limit): Promise<void> {
    const messages = await Promise.all(commits.map((commit) => this.#message(commit, limit)));
    for (const [at, message] of messages.entries()) {
      if (message === null) continue;
      this.payloads.keep(commits[at] as number, decodeRecord(message.data).payload);
    }
  }

  #message(sequence: number, limit: Limit): Promise<StoredMsg | null> {
    return this.askStream(limit, ({ jsm }) => jsm.streams.getMessage(this.names.stream, { seq: sequence }));
  }

  async #fetchUpTo(number: number, limit: Limit): Promise<void> {
    const messages = await this.askStream(limit, ({ jsm }) => this.#read(jsm, number));
    if (messages === undefined) return this.askStream(limit, ({ jsm }) => this.#load(jsm));
    this.#takeAll(messages);
  }

  /** The next messages, up to this number at most. Undefined if one is needed no more and was removed: a whole state stands for it. */
  #read(jsm: Session["jsm"], upTo: number): Promise<StoredMsg[] | undefined> {
    const from = this.number + 1;
    const length = Math.min(upTo - this.number, FETCHED_AT_ONCE);
    return readAll(
      jsm,
      this.names.stream,
      Array.from({ length }, (_, at) => from + at),
    );
  }

  #takeAll(messages: readonly StoredMsg[]): void {
    for (const { seq, subject, data } of messages) this.take(seq, subject, data);
  }

  /** Whether it is connected, and told what is committed. */
  get isListening(): boolean {
    return this.link.current !== undefined && this.hearing.hasBegun && this.#denied === undefined;
  }

  /** It is so from now on. Rejects as `Link.session` does. */
  async listen(limit: Limit): Promise<void> {
    const session = await this.link.session(limit);
    if (this.#denied !== undefined) throw this.#denied;
    if (this.hearing.hasBegun) return;
    this.hearing.begin();
    this.#subscribe(session);
    await this.askStream(limit, (current) => this.#catchUpOver(current));
  }

  async #begin(session: Session): Promise<void> {
    this.#recordBytesMax = session.nc.info?.max_payload ?? 1024 * 1024;
    if (this.hearing.hasBegun) this.#subscribe(session);
    try {
      await this.#readClock(session);
      if (this.number === 0) await this.#load(session.jsm);
      else await this.#catchUpOver(session);
    } catch (error) {
      throw this.understood(error);
    }
    this.#checkedAt = performance.now();
    this.#failure = undefined;
  }

  #subscribe({ nc }: Session): void {
    nc.subscribe(`${this.names.told}.>`, {
      callback: (error, message) => {
        if (isDenied(error)) this.#denied = refusalOf(error, "none");
        else if (message.subject === this.names.waits) this.hearing.heard(message.string());
        else this.#heardMessage(message);
      },
    });
  }

  #heardMessage(message: Msg): void {
    const sequence = sequenceIn(message);
    if (!(sequence > 0)) return;
    try {
      this.take(sequence, message.subject, message.data);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Goes on from what this handle knows: of what came since, nothing was told. */
  async #catchUpOver({ jsm }: Session): Promise<void> {
    const { state } = await jsm.streams.info(this.names.stream);
    while (this.number < state.last_seq) {
      const messages = await this.#read(jsm, state.last_seq);
      if (messages === undefined) return this.#load(jsm);
      this.#takeAll(messages);
    }
  }

  /** From the stream alone. */
  async #load(jsm: Session["jsm"]): Promise<void> {
    const loaded = await loadState(jsm, this.names, this.spec);
    if (loaded.number > this.number) {
      this.state = loaded.state;
      this.course = loaded.course;
      this.number = loaded.number;
      this.wholeUpTo = loaded.number;
      this.wholeAt = loaded.at;
      for (const sequence of this.#ahead.keys()) if (sequence <= this.number) this.#ahead.delete(sequence);
      this.#advanced();
    }
    this.#takeAll(loaded.after);
  }

  /** Asks a server for its time. */
  async readClock(limit: Limit): Promise<void> {
    await this.askStream(limit, (session) => this.#readClock(session));
  }

  async #readClock({ jsm, js }: Session): Promise<void> {
    let askedAt = performance.now();
    const info = await jsm.streams.info(this.names.stream);
    this.#isReplicated = info.config.num_replicas > 1;
    let { ts: time } = info as { ts?: string | undefined };
    let heardAt = performance.now();
    if (time === undefined) {
      // An old server says when it has stored something, and not what time it is.
      askedAt = heardAt;
      const { seq } = await js.publish(this.names.parts, NOTHING);
      heardAt = performance.now();
      time = (await jsm.streams.getMessage(this.names.stream, { seq }))?.timestamp;
    }
    this.serverClock.heard(askedAt, Date.parse(time ?? ""), heardAt);
  }

  #apply(sequence: number, subject: string, data: Uint8Array): void {
    const kind = kindOf(subject);
    let ownTurn: number | undefined;
    if (kind === "commit") {
      const { head, payload } = this.#commitIn(data);
      const { by, turn } = head;
      this.hearing.heard(by);
      if (by === this.handle) ownTurn = turn;
      const operations = counted(this.course, this.state, head);
      if (operations !== undefined) {
        note(this.course, operations, sequence);
        this.payloads.told(sequence, payload);
        this.state.apply(sequence, by, turn, operations);
        if (by === this.handle) this.#own = { turn, number: sequence, operations };
        else this.#turns.heard(operations);
        for (const one of operations)
          if (one.op === "leave" || one.op === "gone") this.hearing.forget(one.handle);
      }
    } else if (kind === "state") {
      this.wholeUpTo = decodeRecord<{ readonly number: number }>(data).head.number;
      this.wholeAt = sequence;
    }
    this.number = sequence;
    if (ownTurn !== undefined) this.onOwn(ownTurn, sequence);
  }

  #commitIn(data: Uint8Array): { readonly head: CommitHead; readonly payload: Buffer } {
    if (this.sent?.record.equals(data) !== true) return decodeRecord<CommitHead>(data);
    return { head: this.sent.head, payload: payloadIn(this.sent.record) };
  }

  #advanced(): void {
    this.#reached.tell(this.number);
    this.onAdvance();
  }

  #lookForMissing(): void {
    this.#gapTimer = undefined;
    if (this.#ahead.size > 0) this.#beginCheck();
  }

  #beginCheck(): void {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
  }

  async #check(): Promise<void> {
    try {
      await this.#isUpToDate(limitFromNow());
      this.#failure = undefined;
    } catch (error) {
      // Whoever waits is told at its next look; whoever asks finds out for himself.
      if (!isBufferError(error, "BUFFER_DESTROYED") && !isBufferError(error, "HANDLE_CLOSED"))
        this.#failure = error;
    }
  }
}
