/**
 * Segments: the log is cut into directories, so that old commits can be removed without ever removing a single name out
 * of a directory in use. A name that was taken once stays taken for as long as its directory has that path, which is
 * what makes a link(2) at the next number a compare-and-swap, also for a participant that slept for a thousand commits.
 */

import { existsSync, linkSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { BufferSpec } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import { errnoOf, type Faults } from "./faults.js";
import { isRemovedName, type Layout, segmentBase } from "./layout.js";
import type { LogShape } from "./log-file.js";
import type { Operation } from "./operation.js";
import { isOtherBoot } from "./process-identity.js";
import { isFlaw } from "./record.js";
import { type ReadRecord, readIfThere } from "./record-file.js";
import type { RecordFlaw } from "./record-flaw.js";
import { restoreSnapshot, type Snapshot } from "./state-snapshot.js";

export interface Segment {
  readonly path: string;
  readonly base: number;
  /** Boot of the machine in which it was begun. In another boot nothing more is committed to it. */
  readonly boot: string;
  /** Name of the one before it, which stays until the next cut; empty for the first. */
  readonly previous: string;
}

/** Head of a segment's `state` file. */
export interface SegmentHead {
  readonly kind: "state";
  /** Of the buffer. */
  readonly id: string;
  readonly base: number;
  readonly boot: string;
  readonly previous: string;
  readonly state: Snapshot;
  /** Where commits are appended to a file, and what of that file is to be known. */
  readonly log?: LogHead;
}

/** Head of a commit file. */
export interface CommitHead {
  readonly kind: "commit";
  readonly number: number;
  readonly by: string;
  readonly turn: number;
  readonly operations: readonly Operation[];
}

/** Head of the last file of a segment: where the log goes on. */
export interface CutHead {
  readonly kind: "cut";
  readonly to: string;
}

export interface Commit {
  readonly head: CommitHead | CutHead;
  readonly record: ReadRecord;
}

export function commitPath(segment: Segment, number: number): string {
  return `${segment.path}/${number}`;
}

export function isLive(segmentPath: string): boolean {
  return existsSync(join(segmentPath, "live"));
}

/**
 * Marks a segment as part of the log, which the file that leads to it proves. Should the mark fail, the log is found from
 * the segment before, which is not removed until a later one is marked.
 */
export function markLive(segmentPath: string, cut: string): void {
  try {
    if (!isLive(segmentPath)) linkIfFree(cut, join(segmentPath, "live"));
  } catch {
    // A full disk, say.
  }
}

/** Names of all segments, of whatever standing, the newest first. Throws ENOENT where the buffer is gone. */
export function listSegments(root: string): string[] {
  return readdirSync(root)
    .filter((name) => segmentBase(name) !== undefined)
    .sort((a, b) => (segmentBase(b) as number) - (segmentBase(a) as number));
}

/**
 * From the disk alone: the newest segment that is marked as part of the log.
 *
 * @throws BufferError `BUFFER_DESTROYED`, `DATA_CORRUPT`, `STORAGE_FAILED`.
 */
export function loadNewest(layout: Layout, spec: BufferSpec): LoadedSegment {
  for (let before = ""; ; ) {
    const names = namesIn(layout);
    const newest = names.find((name) => isLive(join(layout.root, name)));
    const loaded = newest === undefined ? undefined : loadSegment(join(layout.root, newest), layout, spec);
    if (loaded !== undefined) return loaded;
    // What was listed may have been cut and removed meanwhile. If nothing changed, nothing was: it is damaged.
    if (names.join() === before) throw layout.faults.flaw("torn", layout.root);
    before = names.join();
  }
}

function namesIn({ root, faults }: Layout): string[] {
  try {
    return listSegments(root);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw faults.destroyed(root, error);
    throw faults.storage(error, "Looking for the buffer");
  }
}

/** Names of what somebody began to remove. */
export function listRemoved(root: string): string[] {
  return readdirSync(root).filter(isRemovedName);
}

/** What the head of a segment says of its log file, and where in which file the bytes of older commits lie. */
export interface LogHead extends LogShape {
  /** Names the file. */
  readonly file: number;
  /** Whether it stands in space that was set aside: then nothing is put before a segment of ordinary space is had. */
  readonly isReserve: boolean;
  readonly places: readonly (readonly [commit: number, file: number, start: number])[];
}

export type LoadedSegment = [segment: Segment, state: BufferState, head: SegmentHead];

/**
 * Reads a segment of this buffer and the state it begins with; undefined if it has been removed meanwhile.
 *
 * @throws BufferError `DATA_CORRUPT`, also if the state is whole, but of another buffer or segment.
 */
export function loadSegment(path: string, layout: Layout, spec: BufferSpec): LoadedSegment | undefined {
  const file = join(path, "state");
  const found = readIfThere(file, layout.faults);
  if (found === undefined) return undefined;
  const head = isFlaw(found) ? undefined : (found.head as SegmentHead);
  if (head?.kind !== "state" || head.id !== layout.id || head.base !== segmentBase(basename(path))) {
    // A file that was recycled with its directory while it was being read is no damage: its path is gone.
    if (!existsSync(file)) return undefined;
    throw layout.faults.flaw("torn", file);
  }
  const segment = { path, base: head.base, boot: head.boot, previous: head.previous };
  return [segment, restoreSnapshot(head.state, spec, layout.faults, !isOtherBoot(head.boot)), head];
}

/** Reads the file of a commit; undefined if it is not there, a flaw if it is not whole or is another one's. */
export function readCommit(
  path: string,
  number: number,
  faults: Faults,
  wanted: number,
): Commit | RecordFlaw | undefined {
  const record = readIfThere(path, faults, wanted);
  if (record === undefined || isFlaw(record)) return record;
  const head = record.head as CommitHead | CutHead;
  // A path that leads out of the buffer is none that was written by us.
  if (head.kind === "cut") return segmentBase(String(head.to)) === undefined ? "torn" : { head, record };
  const isWhole = head.kind === "commit" && head.number === number && Array.isArray(head.operations);
  return isWhole ? { head, record } : "torn";
}

/** A second name for a file. Whether it was given: false where the name is taken, or where a directory is gone. */
export function linkIfFree(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EEXIST" || errno === "ENOENT") return false;
    throw error;
  }
}
