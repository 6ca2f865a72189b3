/**
 * A buffer in a directory, as one handle sees it: decides against the current state, commits, and waits. What is decided
 * comes from the ports; this is how it becomes true.
 */

import {
  BufferError,
  type BufferSpec,
  type Effect,
  isBufferError,
  type MaybePromise,
  type Wait,
} from "@sluice/core";
import { monotonicMs } from "@sluice/native-port";
import type { BufferState } from "./buffer-state.js";
import { CommitLog, type Prepared } from "./commit-log.js";
import { cutLog, isCutDue } from "./cut.js";
import type { Layout } from "./layout.js";
import type { Operation } from "./operation.js";
import { PayloadReader, Stale } from "./payload-reader.js";
import { isDead } from "./process-identity.js";
import { SharedSync, SyncFailed, syncFile } from "./shared-sync.js";
import { destroyed, errnoOf } from "./storage-error.js";
import { Turn } from "./turn.js";
import { Waiters, type WaitKind } from "./waiters.js";

/** What a call comes to in a given state: an answer as it is, or one that holds once the operations are committed. */
export type Decision<T> =
  | { readonly answer: T /** The answer must not be undone by a power cut. */; readonly final?: boolean }
  | {
      readonly operations: readonly Operation[];
      readonly items?: readonly Uint8Array[];
      readonly reply: (commit: number) => T;
    };

/** Asked again for every state that turns out to be the current one. Throws `Stale` to be asked again at once. */
export type Decide<T> = (state: BufferState) => Decision<T>;

// One collision is what two processes at work look like; several in a row mean that there is no getting through.
const COLLISIONS_BEFORE_TURN = 4;

// Looking for the dead costs a read per process that holds something.
const PROBE_EVERY_MS = 200;

interface Done<T> {
  readonly answer: T;
}

export class Store {
  readonly log: CommitLog;
  readonly payload: PayloadReader;
  readonly #waiters: Waiters;
  readonly #turn: Turn;
  readonly #directorySync = new SharedSync();
  readonly #dead = new Set<string>();
  #lastProbe = Number.NEGATIVE_INFINITY;
  // The first sync that failed.
  #failure: SyncFailed | undefined;
  // The end of the line of calls that commit with a sync in the middle.
  #line: Promise<unknown> = Promise.resolve();

  constructor(layout: Layout, spec: BufferSpec, durable: boolean, lockWaitMs: number) {
    this.log = new CommitLog(layout, spec, durable);
    this.payload = new PayloadReader(this.log);
    this.#turn = new Turn(layout, lockWaitMs);
    this.#waiters = new Waiters(this.log, () => this.probe() || this.#due().length > 0);
    this.log.onCommit = (number, { record }) => {
      if (this.log.readsPayload) this.payload.keep(number, record);
    };
    this.log.onAdvance = () => this.#waiters.notify();
    this.log.onSegment = () => {
      this.payload.forgetAll();
      this.#waiters.moved();
    };
  }

  get handle(): string {
    return this.log.handle;
  }

  /**
   * Decides, and commits what was decided, as one step; decides again where another commit came first. Answers at once
   * where nothing has to be synced and nobody is in the way.
   */
  transact<T>(decide: Decide<T>): MaybePromise<T> {
    if (this.#failure !== undefined) throw this.#failedBefore();
    if (this.log.durable) return this.#transactDurably(decide);
    for (let collisions = 0; collisions < COLLISIONS_BEFORE_TURN; collisions++) {
      const done = this.#step(decide);
      if (done !== undefined) return done.answer;
    }
    return this.#transactInTurn(decide);
  }

  /** Decides, and while the answer is not final, waits for the state to change and decides again. */
  transactWhen<T>(
    kind: WaitKind,
    wait: Wait,
    canGo: (state: BufferState) => boolean,
    decide: Decide<T>,
    isFinal: (answer: T) => boolean,
  ): MaybePromise<T> {
    const ask = () => this.transact(decide);
    const more = (answer: T): MaybePromise<T> =>
      isFinal(answer) || wait.maxMs === 0 || wait.signal.aborted
        ? answer
        : this.#waiters.wait(kind, wait, canGo, ask, isFinal);
    const first = ask();
    return first instanceof Promise ? first.then(more) : more(first);
  }

  /** Something that only ends what is this handle's: where the buffer is destroyed, it has ended already. */
  async giveUp(end: () => MaybePromise<unknown>): Promise<void> {
    try {
      await end();
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED")) throw error;
    }
  }

  /** Looks which holders have died. True if there are any that the state still counts on. */
  probe(): boolean {
    const now = performance.now();
    if (now - this.#lastProbe >= PROBE_EVERY_MS) {
      this.#lastProbe = now;
      for (const [handle, participant] of this.log.state.participants) {
        if (handle !== this.handle && isDead(participant)) this.#dead.add(handle);
      }
    }
    for (const handle of this.#dead) if (!this.log.state.participants.has(handle)) this.#dead.delete(handle);
    return this.#dead.size > 0;
  }

  /** Ends all waits and releases what the system holds for them. */
  endWaits(): void {
    this.#waiters.close();
  }

  /** Removes what this handle keeps on the disk. Nothing is committed afterwards. */
  close(): void {
    this.endWaits();
    this.log.space.close();
  }

  // One attempt: undefined if another commit came first, or if what was due had to be committed first.
  #step<T>(decide: Decide<T>): Done<T> | undefined {
    const decision = this.#decide(decide);
    if (!("operations" in decision)) return decision;
    if (this.#leavesForeign()) return undefined;
    return this.#publish(this.log.prepare(decision.operations, decision.items), decision);
  }

  #decide<T>(
    decide: Decide<T>,
  ): Decision<T> | { operations: readonly Operation[]; reply?: never; items?: never } {
    for (;;) {
      this.log.readOn();
      if (this.log.state.destroyed) throw destroyed(this.log.layout.root);
      const due = this.#due();
      if (due.length > 0) return { operations: due };
      try {
        const decision = decide(this.log.state);
        if ("operations" in decision || this.log.isCurrent()) return decision;
      } catch (error) {
        if (!(error instanceof Stale) && this.log.isCurrent()) throw error;
      }
    }
  }

  // What time and death have brought about, and nobody has committed yet.
  #due(): Operation[] {
    const { state } = this.log;
    const due: Operation[] = [...this.#dead]
      .filter((handle) => state.participants.has(handle))
      .map((handle) => ({ op: "gone", handle }));
    const at = monotonicMs();
    if (state.nextEnd <= at) {
      state.refreshNextEnd();
      if (state.nextEnd <= at) due.push({ op: "expire", at });
    }
    return due;
  }

  // Nothing is committed to a segment of another boot: its tail may be torn. What was decided there is decided again.
  #leavesForeign(): boolean {
    if (!this.log.isForeign) return false;
    this.#cut();
    return true;
  }

  #publish<T>(prepared: Prepared, decision: { reply?: (commit: number) => T }): Done<T> | undefined {
    const { number } = prepared.head;
    try {
      if (!this.log.publish(prepared)) return undefined;
    } catch (error) {
      // The segment's directory cannot grow: another one can be had, unless this was about one more item.
      if (prepared.hasItems || !isBufferError(error, "STORAGE_FULL")) throw error;
      this.#cut();
      return undefined;
    }
    const done = decision.reply === undefined ? undefined : { answer: decision.reply(number) };
    try {
      if (isCutDue(this.log)) this.#cut();
    } catch {
      // The commit stands, and the next one finds the cut still due, or meets what is wrong.
    }
    return done;
  }

  #cut(): void {
    try {
      cutLog(this.log);
    } catch (error) {
      if (error instanceof SyncFailed) this.#failure = error;
      throw error;
    }
  }

  async #transactInTurn<T>(decide: Decide<T>): Promise<T> {
    const giveBack = await this.#turn.take();
    try {
      for (;;) {
        const done = this.#step(decide);
        if (done !== undefined) return done.answer;
      }
    } finally {
      giveBack?.();
    }
  }

  // The item's file is on the disk before it is linked, and the link before the answer.
  #transactDurably<T>(decide: Decide<T>): Promise<T> {
    const before = this.#line;
    const run = before.then(() => this.#commitDurably(decide));
    this.#line = run.catch(() => {});
    return run.then(async ({ answer, directory }) => {
      if (directory !== undefined) await this.#sync("unknown", () => this.#directorySync.sync(directory));
      return answer;
    });
  }

  async #commitDurably<T>(decide: Decide<T>): Promise<Done<T> & { directory: string | undefined }> {
    let giveBack: (() => void) | undefined;
    try {
      for (let collisions = 0; ; collisions++) {
        // While this one stood in line, say.
        if (this.#failure !== undefined) throw this.#failedBefore();
        if (collisions === COLLISIONS_BEFORE_TURN) giveBack = await this.#turn.take();
        const decision = this.#decide(decide);
        const directory = this.log.segment.path;
        if (!("operations" in decision))
          return { ...decision, directory: decision.final ? directory : undefined };
        if (this.#leavesForeign()) continue;
        const prepared = this.log.prepare(decision.operations, decision.items);
        try {
          await this.#sync("none", () => syncFile(prepared.file.fd));
        } catch (error) {
          this.log.space.release(prepared.file);
          throw error;
        }
        const segment = this.log.segment.path;
        const done = this.#publish(prepared, decision);
        if (done !== undefined) return { ...done, directory: segment };
      }
    } finally {
      giveBack?.();
    }
  }

  #failedBefore(effect: Effect = "none"): BufferError {
    const message = "The disk has failed to sync for this handle before, which is not to be trusted any more";
    return new BufferError("STORAGE_FAILED", message, { transport: "file", effect, cause: this.#failure });
  }

  async #sync(effect: Effect, sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      // The directory was cut off and removed meanwhile, and synced before that.
      if (errnoOf(error) === "ENOENT") return;
      const failed = new SyncFailed(error, effect);
      this.#failure ??= failed;
      throw failed;
    }
    // What this one builds on may be lost, even if the disk says that this is there.
    if (this.#failure !== undefined) throw this.#failedBefore(effect);
  }
}
