/**
 * The log: commits that are linked into place one after the other, and the state that they add up to.
 *
 * A commit is one link(2) of a finished private file to the next free number of the current segment: it succeeds for one
 * participant, and whoever it fails for has seen an older state and must look again. Nothing has to be undone after a
 * death at any point, and a participant that was stopped for however long cannot commit to what it saw before.
 *
 * What broke simpler designs, and is met here: checking only that the parent state is still there (a stopped writer links
 * into a past that was cleaned away; here whole directories are renamed away, and a link that succeeds is checked by its
 * path), and names that are used again (segments and buffers carry random names).
 */

import { existsSync, fstatSync } from "node:fs";
import { join } from "node:path";
import { type BufferSpec, failpoint, isBufferError } from "@sluice/core";
import { BufferState } from "./buffer-state.js";
import type { Faults } from "./faults.js";
import { withJoin } from "./join.js";
import type { Layout } from "./layout.js";
import type { DiskLog, LogOptions, PayloadPart } from "./log.js";
import { MachineLog } from "./machine-log.js";
import type { Operation } from "./operation.js";
import { isOtherBoot } from "./process-identity.js";
import { isFlaw } from "./record.js";
import { readPart, readRecordFile, recordBytes } from "./record-file.js";
import {
  type CommitHead,
  commitPath,
  type LoadedSegment,
  linkIfFree,
  loadNewest,
  loadSegment,
  markLive,
  readCommit,
  type Segment,
} from "./segment.js";
import { type OwnFile, WritableSpace } from "./writable-space.js";

/** A commit that is written but not yet linked. */
export interface Prepared {
  readonly file: OwnFile;
  readonly head: CommitHead;
  readonly hasItems: boolean;
}

// Enough for the head of a commit of some 200 items. A handle with consumers reads more, to have the bytes at once.
const HEAD_READ_BYTES = 4 * 1024;
const BODY_READ_BYTES = 64 * 1024;

export class CommitLog extends MachineLog implements DiskLog {
  readonly layout: Layout;
  readonly faults: Faults;
  readonly spec: BufferSpec;
  readonly durable: boolean;
  /** Names this handle in the commits. */
  readonly handle: string;
  readonly space: WritableSpace;
  state: BufferState;
  /** The last commit that the state includes. */
  number = 0;
  segment: Segment = { path: "", base: 0, boot: "", previous: "" };
  /** Bytes of items put since the segment began. */
  segmentPayload = 0;
  // A commit is synced before it is one, but for the directory.
  readonly syncMs = 0;
  readonly isQuickToLook = false;
  readsPayload = false;
  onPayload: (commit: number, part: PayloadPart) => void = () => {};
  #turn = 0;

  constructor({ layout, handle, spec, durable }: Omit<LogOptions, "lockWaitMs">) {
    super();
    this.layout = layout;
    this.handle = handle;
    this.faults = layout.faults;
    this.spec = spec;
    this.durable = durable;
    this.state = new BufferState(spec, this.faults);
    this.space = new WritableSpace(layout, spec, this.handle);
  }

  get place(): string {
    return this.segment.path;
  }

  catchUp(): void {
    do this.readOn();
    while (!this.isCurrent());
  }

  /** Applies the commits that are there: enough for one who is about to commit, whose link fails if it was not. */
  readOn(): void {
    if (this.segment.path === "") this.#load();
    for (;;) {
      const path = commitPath(this.segment, this.number + 1);
      if (existsSync(path)) {
        if (this.#readNext(path)) continue;
        return;
      }
      if (!this.isForeign || !this.#goAfterTornTail()) return;
    }
  }

  /**
   * To be asked after `readOn`: a segment that still has its path when the next commit was not there had its last one.
   * If not, the state is taken from the disk anew, and is to be looked at again.
   */
  isCurrent(): boolean {
    if (existsSync(this.segment.path)) return true;
    this.#load();
    return false;
  }

  /** Whether the segment was begun in another boot: what it holds is read, but the next commit needs a new one. */
  get isForeign(): boolean {
    return isOtherBoot(this.segment.boot);
  }

  /** Writes the next commit to a file of this handle's own. Nobody sees it yet. */
  prepare(operations: readonly Operation[], items: readonly Uint8Array[] = []): Prepared {
    // From where an earlier process of the same handle ended, so that its last commit is not taken for this one.
    const { lastTurn = 0 } = this.state.participants.get(this.handle) ?? {};
    this.#turn = Math.max(this.#turn, lastTurn) + 1;
    const head: CommitHead = {
      kind: "commit",
      number: this.number + 1,
      by: this.handle,
      turn: this.#turn,
      operations: withJoin(this.state, this.handle, operations),
    };
    const bytes = recordBytes(head, items);
    failpoint("file.before-write");
    const file = this.space.write(bytes, items.length === 0 ? "commit" : "none");
    return { file, head, hasItems: items.length > 0 };
  }

  /** Makes a prepared commit the next one, and applies it. False if another came first: look again. */
  publish(prepared: Prepared): boolean {
    const { head } = prepared;
    try {
      // Another call of this handle has read on while this one waited for the disk. In a segment that was entered since,
      // the number may be free, and yet it is taken.
      if (head.number !== this.number + 1) return false;
      failpoint("file.before-commit");
      const isLinked = this.#link(prepared, commitPath(this.segment, head.number));
      failpoint("file.after-commit");
      // A name that is taken, or a segment that is gone.
      if (!isLinked) {
        this.isCurrent();
        return false;
      }
      if (!existsSync(commitPath(this.segment, head.number)) && !this.#wasCommitted(head.turn)) return false;
    } finally {
      this.space.release(prepared.file);
    }
    // Not if finding out what became of it has read it already.
    if (this.number < head.number) this.#apply(head);
    return true;
  }

  /** Goes on in another segment, which continues from exactly this state. */
  enter(segment: Segment): void {
    this.segment = segment;
    this.segmentPayload = 0;
    this.space.isRunningOut = false;
    this.onSegment();
  }

  // Every commit is a new name there.
  watchPath(): string {
    return this.segment.path;
  }

  isNews(name: string | null): boolean {
    return name === null || !(Number(name) <= this.number);
  }

  readAhead(commit: number): PayloadPart | undefined {
    const found = readRecordFile(commitPath(this.segment, commit), BODY_READ_BYTES);
    return isFlaw(found) ? undefined : { ...found, at: 0, isChecked: false };
  }

  readPart(commit: number, position: number, length: number): Buffer {
    return readPart(commitPath(this.segment, commit), position, length);
  }

  takeBack(name: string): void {
    this.space.takeBack(name);
  }

  // EIO may come back for a link that happened: the file's own count of names knows.
  #link(prepared: Prepared, name: string): boolean {
    try {
      return linkIfFree(prepared.file.path, name);
    } catch (error) {
      if (fstatSync(prepared.file.fd).nlink === 2) return true;
      throw this.faults.storage(error, "Linking a commit");
    }
  }

  // The link succeeded, and yet its path is gone: the segment was renamed away, before it or after it. The state that
  // followed remembers the last commit of every handle.
  #wasCommitted(turn: number): boolean {
    try {
      this.#load();
      this.catchUp();
    } catch (cause) {
      if (isBufferError(cause, "BUFFER_DESTROYED")) throw cause;
      const message = "Whether the commit stands could not be found out";
      throw this.faults.of("STORAGE_FAILED", message, { effect: "unknown", cause });
    }
    const participant = this.state.participants.get(this.handle);
    return participant !== undefined && participant.lastTurn >= turn;
  }

  /** False if what stands there is the torn end of a segment of another boot. */
  #readNext(path: string): boolean {
    const found = readCommit(
      path,
      this.number + 1,
      this.faults,
      this.readsPayload ? BODY_READ_BYTES : HEAD_READ_BYTES,
    );
    if (found === undefined) return true;
    if (isFlaw(found)) {
      // A file that was recycled with its directory while it was being read is no damage: its path is gone.
      if (!existsSync(path)) return true;
      if (!this.isForeign || this.durable) throw this.faults.flaw("torn", path);
      return this.#goAfterTornTail();
    }
    if (found.head.kind === "cut") {
      // Only if the segment is still there can nobody have linked this into what had been renamed away.
      if (existsSync(this.segment.path)) this.#follow(found.head.to, path);
      else this.#load();
      return true;
    }
    if (this.readsPayload) this.onPayload(found.head.number, { ...found.record, at: 0, isChecked: false });
    this.#apply(found.head);
    return true;
  }

  #apply(head: CommitHead): void {
    this.state.apply(head.number, head.by, head.turn, head.operations);
    this.number = head.number;
    for (const operation of head.operations) {
      if (operation.op === "put")
        this.segmentPayload += operation.lengths.reduce((sum, length) => sum + length, 0);
    }
    this.onAdvance();
  }

  #goAfterTornTail(): boolean {
    const path = join(this.segment.path, "after");
    if (!existsSync(path)) return false;
    const found = readCommit(path, 0, this.faults, HEAD_READ_BYTES);
    if (found === undefined) return true;
    if (isFlaw(found) || found.head.kind !== "cut") throw this.faults.flaw("torn", path);
    this.#follow(found.head.to, path);
    return true;
  }

  // Whoever goes over to a segment first sees to it that it is marked: who opens the buffer later starts from the mark.
  #follow(name: string, cut: string): void {
    markLive(join(this.layout.root, name), cut);
    const loaded = this.#loadSegment(name);
    if (loaded === undefined) {
      // Removed, because the log has gone on more than once. If it has not, the segment is missing.
      const before = this.segment.path;
      this.#load();
      if (this.segment.path === before) throw this.faults.flaw("torn", join(this.layout.root, name));
      return;
    }
    // The state is the same as ours, but for leases that a boot has ended; the commits since its base are in both.
    const [segment, state] = loaded;
    if (segment.boot !== this.segment.boot) {
      this.state = state;
      this.number = segment.base;
    }
    this.enter(segment);
  }

  // From the disk alone.
  #load(): void {
    const [segment, state] = loadNewest(this.layout, this.spec);
    this.state = state;
    this.number = segment.base;
    this.enter(segment);
    this.onAdvance();
  }

  #loadSegment(name: string): LoadedSegment | undefined {
    return loadSegment(join(this.layout.root, name), this.layout, this.spec);
  }
}
