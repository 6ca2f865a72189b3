/**
 * The log: commits in a stream, of which this handle has a replica. Here it is kept up to date with the servers.
 *
 * A commit is one message. It is stored on the condition that the stream's last sequence is the one that its maker knows, or in any
 * case, and then all who apply it find out whether it counts (`course.ts`). So a participant that was stopped or cut off for however
 * long cannot commit to what it saw before. A commit's number is its sequence in the stream.
 *
 * What the stream takes the server also tells at once to everybody who listens. What it does not tell is fetched.
 */

import type { StoredMsg } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import { type BufferSpec, isBufferError } from "@sluice/core";
import {
  type BufferState,
  type Clock,
  type Faults,
  type Log,
  newHandleId,
  type Operation,
  type WaitKind,
} from "@sluice/file-store";
import { faults, isDenied, isStreamMissing, refusalOf, unavailable } from "./faults.js";
import { Hearing } from "./hearing.js";
import { type Limit, Link, limitFromNow, pause, type Session } from "./link.js";
import type { Names } from "./names.js";
import { Reached } from "./reached.js";
import { decodeRecord, NOTHING } from "./record.js";
import { Replica } from "./replica.js";
import { ServerClock } from "./server-clock.js";
import type { ServerPlace } from "./server-place.js";
import { FALLBACK_MS, TOLD_MS } from "./timing.js";
import { sequenceIn } from "./told.js";
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
  readonly replica: Replica;
  readonly hearing: Hearing = new Hearing();
  readonly waits: Waits = new Waits(
    () => this.hearing.silenceMs(this.handle),
    () => this.link.tell(this.names.waits, this.handle),
  );
  readonly serverClock: ServerClock = new ServerClock();
  /** How long a commit takes, of late. */
  commitMs = 1;
  onAdvance: () => void = () => {};
  onSegment: () => void = () => {};
  #isReplicated = false;
  #recordBytesMax = Number.POSITIVE_INFINITY;
  readonly #reached: Reached = new Reached();
  readonly #turns: Turns = new Turns();
  #checkedAt = 0;
  #checking: Promise<void> | undefined;
  #failure: unknown;
  /** Why nothing is told to this handle, and never will be. */
  #denied: unknown;
  #gapTimer: NodeJS.Timeout | undefined;

  constructor(place: ServerPlace, names: Names, spec: BufferSpec) {
    this.names = names;
    this.spec = spec;
    this.replica = new Replica(this.handle, spec);
    this.replica.onCommit = (by, operations) => this.#heardCommit(by, operations);
    this.replica.onAdvance = () => this.#advanced();
    this.link = new Link(place, (session) => this.#begin(session));
  }

  get state(): BufferState {
    return this.replica.state;
  }

  /** Sequence of the last message that the state includes. */
  get number(): number {
    return this.replica.number;
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

  /** A message of the stream, by whatever way it has come. */
  take(sequence: number, subject: string, data: Uint8Array): void {
    this.replica.take(sequence, subject, data);
    // What is missing was told late, or is never told.
    if (this.replica.hasGap) this.#gapTimer ??= setTimeout(() => this.#lookForMissing(), TOLD_MS).unref();
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
      this.replica.payloads.keep(commits[at] as number, decodeRecord(message.data).payload);
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
    this.replica.goOnFrom(loaded);
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

  #heardCommit(by: string, operations: readonly Operation[] | undefined): void {
    this.hearing.heard(by);
    if (operations === undefined) return;
    if (by !== this.handle) this.#turns.heard(operations);
    for (const one of operations)
      if (one.op === "leave" || one.op === "gone") this.hearing.forget(one.handle);
  }

  #advanced(): void {
    this.#reached.tell(this.number);
    this.onAdvance();
  }

  #lookForMissing(): void {
    this.#gapTimer = undefined;
    if (this.replica.hasGap) this.#beginCheck();
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
