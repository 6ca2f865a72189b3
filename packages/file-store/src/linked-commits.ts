/**
 * Commits by link(2): decided without a lock, and decided again where another one came first. The lock only keeps the
 * turns of those who keep colliding.
 */

import { isBufferError, type MaybePromise } from "@sluice/core";
import { CommitLog, type Prepared } from "./commit-log.js";
import { cutLog, isCutDue } from "./cut.js";
import { type Decide, type Decision, type Done, Stale } from "./decision.js";
import { DiskTrust } from "./disk-trust.js";
import { Dues } from "./dues.js";
import type { DiskCommits, LogOptions } from "./log.js";
import type { Operation } from "./operation.js";
import { PayloadReader } from "./payload-reader.js";
import { SharedSync, syncDirectoryAsync, syncFile } from "./shared-sync.js";
import { Turn } from "./turn.js";
import { WaitingFiles } from "./waiting-files.js";

// One collision is what two processes at work look like; several in a row mean that there is no getting through.
const COLLISIONS_BEFORE_TURN = 4;

export class LinkedCommits implements DiskCommits {
  readonly log: CommitLog;
  readonly dues: Dues;
  readonly payload: PayloadReader;
  readonly waits: WaitingFiles;
  readonly #turn: Turn;
  readonly #trust: DiskTrust;
  readonly #directorySync = new SharedSync<string>(syncDirectoryAsync);
  // The end of the line of calls that commit with a sync in the middle.
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: LogOptions) {
    const { layout, lockWaitMs } = options;
    this.log = new CommitLog(options);
    this.dues = new Dues(this.log);
    this.payload = new PayloadReader(this.log);
    this.log.onPayload = (commit, part) => this.payload.keep(commit, part);
    this.waits = new WaitingFiles(this.log);
    this.#trust = new DiskTrust(layout.faults);
    this.#turn = new Turn(layout, lockWaitMs);
  }

  transact<T>(decide: Decide<T>): MaybePromise<T> {
    this.#trust.check();
    if (this.log.durable) return this.#transactDurably(decide);
    for (let collisions = 0; collisions < COLLISIONS_BEFORE_TURN; collisions++) {
      const done = this.#step(decide);
      if (done !== undefined) return done.answer;
    }
    return this.#transactInTurn(decide);
  }

  close(): void {
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
      if (this.log.state.destroyed) throw this.log.faults.destroyed(this.log.layout.root);
      const due = this.dues.operations;
      if (due.length > 0) return { operations: due };
      try {
        const decision = decide(this.log.state);
        if ("operations" in decision || this.log.isCurrent()) return decision;
      } catch (error) {
        if (!(error instanceof Stale) && this.log.isCurrent()) throw error;
      }
    }
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
      this.#trust.note(error);
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
      if (directory !== undefined)
        await this.#trust.sync("unknown", () => this.#directorySync.sync(directory));
      return answer;
    });
  }

  async #commitDurably<T>(decide: Decide<T>): Promise<Done<T> & { directory: string | undefined }> {
    let giveBack: (() => void) | undefined;
    try {
      for (let collisions = 0; ; collisions++) {
        // While this one stood in line, say.
        this.#trust.check();
        if (collisions === COLLISIONS_BEFORE_TURN) giveBack = await this.#turn.take();
        const decision = this.#decide(decide);
        const directory = this.log.segment.path;
        if (!("operations" in decision))
          return { ...decision, directory: decision.final ? directory : undefined };
        if (this.#leavesForeign()) continue;
        const prepared = this.log.prepare(decision.operations, decision.items);
        try {
          await this.#trust.sync("none", () => syncFile(prepared.file.fd));
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
}
