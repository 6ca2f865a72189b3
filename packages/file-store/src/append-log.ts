/**
 * The log under a lock that the kernel holds: commits are appended to one file, each in a single write, and everybody reads
 * on from where they stand. Appending is under the lock; reading needs none.
 *
 * A writer that is killed in the middle leaves the beginning of a record, which nobody takes for a commit, and which the next
 * one under the lock removes. Who has a file open reads it to its last record, whatever becomes of its name; that record leads
 * to the next file.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BufferSpec, failpoint } from "@sluice/core";
import { Bells, bellPath, situationOf } from "./bells.js";
import { BufferState } from "./buffer-state.js";
import type { Faults } from "./faults.js";
import { withJoin } from "./join.js";
import { type Layout, segmentBase } from "./layout.js";
import type { DiskLog, LogOptions, PayloadPart, WaitKind } from "./log.js";
import type { LogFile } from "./log-file.js";
import type { LogRecord } from "./log-record.js";
import { LogSpace } from "./log-space.js";
import { MachineLog } from "./machine-log.js";
import { logPath, openLogFile } from "./open-log-file.js";
import type { Operation } from "./operation.js";
import { isOtherBoot } from "./process-identity.js";
import { parseObject } from "./record.js";
import { readPart } from "./record-file.js";
import {
  type CommitHead,
  type CutHead,
  type LoadedSegment,
  type LogHead,
  loadNewest,
  loadSegment,
  markLive,
  type Segment,
} from "./segment.js";
import { syncDirectory } from "./shared-sync.js";

/** Where the payload of a commit begins: in which file, and at which byte of it. */
interface Place {
  readonly file: number;
  readonly start: number;
}

/** Kept free at the end of each log, for the record that leads to the next. */
export const CUT_BYTES = 256;
const READ_AHEAD_BYTES = 64 * 1024;
// A record that is being written at this moment may look like anything; read again, it is whole, or is a beginning.
const LOOKS = 3;

export class AppendLog extends MachineLog implements DiskLog {
  readonly layout: Layout;
  readonly faults: Faults;
  readonly spec: BufferSpec;
  readonly durable: boolean;
  readonly handle: string;
  readonly space: LogSpace;
  state: BufferState;
  number = 0;
  segment: Segment = { path: "", base: 0, boot: "", previous: "" };
  /** Of the log file, as the segment was begun. */
  head: LogHead | undefined;
  /** Of the commits whose items are in the buffer, and of others. */
  places: Map<number, Place> = new Map();
  readonly isQuickToLook = true;
  readsPayload = false;
  onPayload: (commit: number, part: PayloadPart) => void = () => {};
  readonly #bells: Bells;
  #file: LogFile | undefined;
  #isClosed = false;
  #turn = 0;

  constructor({ layout, handle, spec, durable }: Omit<LogOptions, "lockWaitMs">) {
    super();
    this.layout = layout;
    this.handle = handle;
    this.faults = layout.faults;
    this.spec = spec;
    this.durable = durable;
    this.state = new BufferState(spec, this.faults);
    this.space = new LogSpace(layout, spec, durable);
    this.#bells = new Bells(layout.root);
  }

  get file(): LogFile {
    if (this.#isClosed) throw this.faults.closed();
    if (this.#file === undefined) this.#load();
    return this.#file as LogFile;
  }

  get place(): string {
    return this.pathOf(this.head?.file ?? 0);
  }

  get isForeign(): boolean {
    return isOtherBoot(this.segment.boot);
  }

  get syncMs(): number {
    return this.file.syncMs;
  }

  pathOf(file: number): string {
    return logPath(this.segment.path, file);
  }

  catchUp(): void {
    this.readOn(false);
  }

  /** @param isLocked - whether this handle has the lock: then nobody else is writing. */
  readOn(isLocked: boolean): void {
    this.file.refresh();
    for (;;) {
      const found = this.file.read();
      if (found === "end") return;
      if (found !== "bad") this.#take(found);
      else if (!this.#goesOn(isLocked)) return;
    }
  }

  watchPath(kind: WaitKind): string {
    return bellPath(this.layout.root, kind === "consumer" ? "item" : "room");
  }

  isNews(): boolean {
    return true;
  }

  /**
   * Makes it the next commit, and applies it. The lock is to be had, and everything to have been read.
   *
   * @returns its number; or, where the file has no room for it, how many bytes it takes.
   */
  append(operations: readonly Operation[], items: readonly Uint8Array[]): number | { needs: number } {
    this.#turn += 1;
    const head: CommitHead = {
      kind: "commit",
      number: this.number + 1,
      by: this.handle,
      turn: this.#turn,
      operations: withJoin(this.state, this.handle, operations),
    };
    const { file } = this;
    failpoint("file.before-write");
    const { bytes, payloadStart } = file.encode(head, items);
    if (file.end + bytes.length + CUT_BYTES > file.bytes) return { needs: bytes.length };
    failpoint("file.before-commit");
    this.#write(bytes);
    failpoint("file.after-commit");
    const before = situationOf(this.state);
    this.#apply(head, file.end + payloadStart, bytes.length);
    this.#bells.changed(before, this.state);
    return head.number;
  }

  /** Ends the log: it goes on in another segment. */
  appendCut(to: string): void {
    const head: CutHead = { kind: "cut", to };
    this.#write(this.file.encode(head, []).bytes);
  }

  /** Goes on in a segment that continues from exactly this state. */
  enter(segment: Segment, head: LogHead, file: LogFile): void {
    this.#file?.close();
    this.#file = file;
    this.segment = segment;
    this.head = head;
    this.places = new Map(head.places.map(([commit, at, start]) => [commit, { file: at, start }]));
    this.onSegment();
  }

  readAhead(commit: number): PayloadPart | undefined {
    const place = this.places.get(commit);
    if (place === undefined) return undefined;
    // Negative where the first items of a commit are gone, and the others were taken along to the front of a file.
    const at = Math.max(0, place.start);
    const bytes = this.readFile(place.file, at, READ_AHEAD_BYTES);
    return { bytes, payloadStart: place.start - at, at, isChecked: false };
  }

  readPart(commit: number, position: number, length: number): Buffer {
    const place = this.places.get(commit);
    return place === undefined ? Buffer.alloc(0) : this.readFile(place.file, position, length);
  }

  readFile(file: number, position: number, length: number): Buffer {
    if (file === this.head?.file) return this.file.readAt(position, length);
    return readPart(this.pathOf(file), position, length);
  }

  // Nothing is claimed there before it is used, and the next cut takes back what a dead handle had.
  takeBack(): void {}

  close(): void {
    this.#isClosed = true;
    this.#bells.close();
    this.#file?.close();
  }

  #write(bytes: Buffer): void {
    try {
      this.file.append(bytes);
    } catch (error) {
      throw this.faults.storage(error, "Writing a commit");
    }
  }

  #take(record: LogRecord): void {
    const head = parseObject(record.head.toString()) as CommitHead | CutHead | undefined;
    if (head?.kind === "cut" && segmentBase(String(head.to)) !== undefined) {
      this.#follow(head.to);
      return;
    }
    const isNext = head?.kind === "commit" && head.number === this.number + 1;
    if (!isNext || !Array.isArray(head.operations)) throw this.faults.flaw("torn", this.place);
    const at = this.file.end + record.payloadStart;
    if (this.readsPayload && record.payload.length > 0)
      this.onPayload(head.number, {
        ...{ bytes: Buffer.from(record.payload), payloadStart: 0, at },
        isChecked: true,
      });
    this.#apply(head, at, record.bytes);
  }

  #apply(head: CommitHead, payloadAt: number, bytes: number): void {
    this.state.apply(head.number, head.by, head.turn, head.operations);
    this.number = head.number;
    this.places.set(head.number, { file: this.head?.file ?? 0, start: payloadAt });
    this.file.end += bytes;
    this.onAdvance();
  }

  // What stands there is neither a record nor the end. False if it counts for nothing: then this is the end.
  #goesOn(isLocked: boolean): boolean {
    if (this.isForeign && existsSync(this.segment.path)) {
      if (this.durable && this.file.provesSynced()) throw this.faults.flaw("torn", this.place);
      return false;
    }
    for (let look = 0; look < LOOKS; look++) {
      // Recycled since this handle was here last.
      if (!existsSync(this.segment.path)) {
        this.#load();
        return true;
      }
      if (this.file.isTorn()) {
        if (!isLocked) return false;
        this.file.restore();
        return true;
      }
      this.file.refresh();
      if (this.file.read() !== "bad") return true;
    }
    throw this.faults.flaw("torn", this.place);
  }

  // Whoever goes over to a segment first sees to it that it is marked: who opens the buffer later starts from the mark.
  #follow(name: string): void {
    const path = join(this.layout.root, name);
    markLive(path, join(path, "state"));
    if (this.durable && existsSync(path)) syncDirectory(path, this.faults);
    const loaded = loadSegment(path, this.layout, this.spec);
    if (loaded !== undefined && this.#open(loaded, loaded[0].boot === this.segment.boot)) return;
    // Removed, because the log has gone on more than once. If it has not, the segment is missing.
    const before = this.segment.path;
    this.#load();
    if (this.segment.path === before) throw this.faults.flaw("torn", path);
  }

  #load(): void {
    while (!this.#open(loadNewest(this.layout, this.spec), false)) {
      // Removed since it was read; then there is another.
    }
    this.onAdvance();
  }

  /** @param keepsState - whether the state is the same as ours; after a boot it is not, because leases have ended. */
  #open(loaded: LoadedSegment, keepsState: boolean): boolean {
    const [segment, state] = loaded;
    const opened = openLogFile(loaded, this.faults, this.#file?.window);
    if (opened === undefined) return false;
    if (!keepsState) {
      this.state = state;
      this.number = segment.base;
    } else if (segment.base !== this.number) {
      opened.file.close();
      throw this.faults.flaw("torn", segment.path);
    }
    this.enter(segment, opened.head, opened.file);
    return true;
  }
}
