/**
 * Commits under `flock`: the lock is held from reading on until the commit is appended, so that what was decided is true. It
 * is not held while the disk syncs: what others append meanwhile comes behind, in the same file.
 */

import { setImmediate as afterTurn, setTimeout as sleep } from "node:timers/promises";
import type { BufferError, MaybePromise } from "@sluice/core";
import type { NativePort } from "@sluice/native-port";
import { cutAppendLog } from "./append-cut.js";
import { AppendLog } from "./append-log.js";
import { type Decide, type Done, decideIfCurrent, type Patience } from "./decision.js";
import { DiskTrust } from "./disk-trust.js";
import { Dues } from "./dues.js";
import { FileLock } from "./file-lock.js";
import type { DiskCommits, LogOptions } from "./log.js";
import type { LogFile } from "./log-file.js";
import type { Operation } from "./operation.js";
import { PayloadReader } from "./payload-reader.js";
import { SharedSync } from "./shared-sync.js";
import { WaitingFiles } from "./waiting-files.js";

// A holder is done within a turn or two of the event loop; one that is not has been stopped, or its processor taken away.
const TURNS_BEFORE_SLEEP = 8;
const LOOK_AGAIN_MS = 1;
// A process that stood still itself has seen nothing: no judgement on fewer looks, where there is time for them.
const LOOKS_BEFORE_JUDGING = 32;

/** An answer, and the file that must be on the disk before it is given, held. */
interface Outcome<T> extends Done<T> {
  readonly file: LogFile | undefined;
}

export class LockedCommits implements DiskCommits {
  readonly log: AppendLog;
  readonly dues: Dues;
  readonly payload: PayloadReader;
  readonly waits: WaitingFiles;
  readonly #lock: FileLock;
  readonly #lockWaitMs: number;
  readonly #trust: DiskTrust;
  readonly #sync = new SharedSync<LogFile>((file) => file.sync());
  // Calls that wait for the lock, and the end of their line.
  #waiting = 0;
  #line: Promise<unknown> = Promise.resolve();

  /** @throws the system's error, where there is no lock file. */
  constructor(port: NativePort, options: LogOptions) {
    const { layout, lockWaitMs } = options;
    this.#lock = new FileLock(port, layout);
    this.log = new AppendLog(options);
    this.dues = new Dues(this.log);
    this.payload = new PayloadReader(this.log);
    this.log.onPayload = (commit, part) => this.payload.keep(commit, part);
    this.waits = new WaitingFiles(this.log);
    this.#lockWaitMs = lockWaitMs;
    this.#trust = new DiskTrust(layout.faults);
  }

  transact<T>(decide: Decide<T>, patience?: Patience): MaybePromise<T> {
    this.#trust.check();
    if (this.#waiting > 0 || !this.#lock.take()) return this.#whenFree(decide, patience);
    const { answer, file } = this.#underLock(decide);
    return file === undefined ? answer : this.#onDisk(answer, file);
  }

  close(): void {
    this.log.close();
    this.#lock.close();
  }

  #underLock<T>(decide: Decide<T>): Outcome<T> {
    try {
      this.log.readOn(true);
      return this.#step(decide);
    } catch (error) {
      this.#trust.note(error);
      throw error;
    } finally {
      this.#lock.give();
    }
  }

  #step<T>(decide: Decide<T>): Outcome<T> {
    const { log } = this;
    for (;;) {
      if (log.state.destroyed) throw log.faults.destroyed(log.layout.root);
      const due = this.dues.operations;
      const decision = due.length > 0 ? undefined : decideIfCurrent(decide, log.state);
      if (decision === undefined && due.length === 0) continue;
      if (decision !== undefined && !("operations" in decision)) {
        const { answer, final } = decision;
        return { answer, file: log.durable && final === true ? log.file.hold() : undefined };
      }
      // Nothing is committed to a segment of another boot: its tail may be torn. What was decided is decided again.
      if (log.isForeign) cutAppendLog(log, 0, true);
      else if (decision === undefined) this.#append(due, []);
      else {
        const commit = this.#append(decision.operations, decision.items ?? []);
        return { answer: decision.reply(commit), file: log.durable ? log.file.hold() : undefined };
      }
    }
  }

  #append(operations: readonly Operation[], items: readonly Uint8Array[]): number {
    const { log } = this;
    const isPut = items.length > 0;
    if (isPut && log.head?.isReserve === true) cutAppendLog(log, 0, false);
    for (;;) {
      const appended = log.append(operations, items);
      if (typeof appended === "number") return appended;
      cutAppendLog(log, appended.needs, !isPut);
    }
  }

  // In the order of the calls.
  #whenFree<T>(decide: Decide<T>, patience: Patience | undefined): Promise<T> {
    this.#waiting += 1;
    const before = this.#line;
    const had = before
      .then(() => this.#untilHad(decide, patience))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#line = had.catch(() => {});
    return had.then(({ answer, file }) => (file === undefined ? answer : this.#onDisk(answer, file)));
  }

  // Given up only if the log has stood still meanwhile: as long as others get on, it is a matter of luck and tries.
  async #untilHad<T>(decide: Decide<T>, patience: Patience | undefined): Promise<Outcome<T>> {
    const { log } = this;
    const start = performance.now();
    let known = log.number;
    let began = start;
    let firstTry = 0;
    const looksMin = Math.max(1, Math.min(LOOKS_BEFORE_JUDGING, this.#lockWaitMs));
    for (let tries = 0; ; tries++) {
      if (tries < TURNS_BEFORE_SLEEP) await afterTurn();
      else await sleep(LOOK_AGAIN_MS);
      this.#trust.check();
      if (this.#lock.take()) return this.#underLock(decide);
      const now = performance.now();
      if (patience !== undefined && (now >= patience.until || patience.signal.aborted))
        throw this.#busy(now - start);
      if (tries - firstTry < looksMin || now - began < this.#lockWaitMs) continue;
      log.catchUp();
      if (log.number === known) throw this.#busy(now - began);
      known = log.number;
      began = now;
      firstTry = tries;
    }
  }

  async #onDisk<T>(answer: T, file: LogFile): Promise<T> {
    try {
      await this.#trust.sync("unknown", () => this.#sync.sync(file));
      return answer;
    } finally {
      file.letGo();
    }
  }

  #busy(ms: number): BufferError {
    const held = `The buffer is held by ${this.#lock.holder()}, for ${Math.floor(ms)} ms so far`;
    return this.log.faults.of("BUFFER_BUSY", `${held}: it is stopped, or very slow`);
  }
}
