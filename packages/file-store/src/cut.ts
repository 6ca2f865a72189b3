/**
 * Cutting the log: a new segment with the state written whole, so that the old commits can go. Costs what the buffer
 * holds, and is due only after at least as many commits, so that a commit costs what it changes.
 *
 * The bytes of items that are still in the buffer are not copied: the files of the commits that put them get a second
 * name in the new segment.
 */

import { existsSync, fstatSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { failpoint } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { CommitLog } from "./commit-log.js";
import { errnoOf } from "./faults.js";
import { removedName, segmentBase, segmentName } from "./layout.js";
import { ownIdentity } from "./process-identity.js";
import { isFlaw } from "./record.js";
import { recordBytes } from "./record-file.js";
import {
  type CutHead,
  commitPath,
  isLive,
  linkIfFree,
  listRemoved,
  listSegments,
  markLive,
  readCommit,
  type Segment,
  type SegmentHead,
} from "./segment.js";
import { syncDirectory, syncNow } from "./shared-sync.js";
import { takeSnapshot } from "./state-snapshot.js";
import type { OwnFile } from "./writable-space.js";

// A cut costs about as much as twenty commits. Longer segments also keep more files from being written to again.
const COMMITS_MIN = 256;
const PAYLOAD_MIN_BYTES = 8 * 1024 * 1024;
// Of those who could cut, only the one whose commit has such a number does, unless it dies; then the next one does.
const EVERY = 16;
const CUT_READ_BYTES = 4 * 1024;

/** Whether the handle that made the last commit is to cut the log now. */
export function isCutDue(log: CommitLog): boolean {
  if (log.space.isRunningOut) return true;
  const commits = log.number - log.segment.base;
  const { ready, leased, parked, dead, bytes } = log.state;
  const items = ready.size + leased.size + parked.size + dead.size;
  if (log.segmentPayload >= Math.max(PAYLOAD_MIN_BYTES, 2 * bytes)) return true;
  return commits >= Math.max(COMMITS_MIN, items) && commits % EVERY === 0;
}

/**
 * Goes on in a new segment, or in the one that somebody else has begun meanwhile.
 *
 * @throws BufferError as `WritableSpace.write`, and `SyncFailed`. The log is as it was, or goes on in the new segment.
 */
export function cutLog(log: CommitLog): void {
  const { root } = log.layout;
  const before = log.segment;
  if (log.isForeign) log.state.endTimedLeases();
  const next: Segment = {
    path: join(root, segmentName(log.number)),
    base: log.number,
    // Somebody to whom the system does not tell the boot goes on in the one that others have told.
    boot: ownIdentity().boot || before.boot,
    previous: basename(before.path),
  };
  log.space.makeDirectory(next.path);
  let cut: OwnFile | undefined;
  try {
    writeState(log, next);
    for (const number of commitsInUse(log.state))
      linkIfFree(commitPath(before, number), commitPath(next, number));
    if (log.durable) for (const directory of [next.path, root]) syncDirectory(directory, log.faults);
    failpoint("file.before-cut");
    cut = writeCut(log, next);
    if (linkCut(log, before, next, cut)) finishCut(log, before, next, cut);
    else removeSegment(log, basename(next.path));
  } catch (error) {
    // Until the cut is linked. From then on the new segment is the log, whatever fails.
    if (cut === undefined || !isLinked(cut)) removeSegment(log, basename(next.path));
    // The buffer may have been destroyed, or cut by others more than once, while this was being prepared.
    if (errnoOf(error) !== "ENOENT") throw log.faults.storage(error, "Cutting the log");
    log.catchUp();
  } finally {
    if (cut !== undefined) log.space.drop(cut);
  }
}

/** Removes the segments before the previous one, and what was prepared for a place that has been taken. */
function reclaim(log: CommitLog): void {
  // Who opens the buffer starts from the newest mark.
  if (!isLive(log.segment.path)) return;
  try {
    for (const name of listSegments(log.layout.root)) {
      const base = segmentBase(name) as number;
      if (base < log.segment.base && name !== log.segment.previous) removeSegment(log, name);
    }
    for (const name of listRemoved(log.layout.root)) log.space.recycle(join(log.layout.root, name));
  } catch {
    // Others may be removing the same. What is left is removed at the next cut.
  }
}

function writeState(log: CommitLog, next: Segment): void {
  const head: SegmentHead = {
    kind: "state",
    id: log.layout.id,
    base: next.base,
    boot: next.boot,
    previous: next.previous,
    state: takeSnapshot(log.state),
  };
  const file = log.space.write(recordBytes(head), "state");
  try {
    if (log.durable) syncNow(file.fd, log.faults);
    renameSync(file.path, join(next.path, "state"));
  } finally {
    log.space.drop(file);
  }
}

function writeCut(log: CommitLog, next: Segment): OwnFile {
  const head: CutHead = { kind: "cut", to: basename(next.path) };
  const cut = log.space.write(recordBytes(head), "commit");
  try {
    if (log.durable) syncNow(cut.fd, log.faults);
    return cut;
  } catch (error) {
    log.space.drop(cut);
    throw error;
  }
}

// The cut takes the place of the next commit. Those that come first are taken along, under their own numbers.
function linkCut(log: CommitLog, before: Segment, next: Segment, cut: OwnFile): boolean {
  while (!linkCutIfFree(log, before, cut)) {
    // Swept by somebody who took it for what a dead handle has left: it can never be linked.
    if (!existsSync(cut.path)) return false;
    const known = log.number;
    log.catchUp();
    if (log.segment !== before || log.state.destroyed) return false;
    for (let number = known + 1; number <= log.number; number++) {
      linkIfFree(commitPath(before, number), commitPath(next, number));
    }
    // They were promised, and the cut must not be on the disk before they are.
    if (log.durable) syncDirectory(next.path, log.faults);
  }
  // A link into a segment that was renamed away in that moment is not part of the log.
  if (existsSync(before.path)) return true;
  log.catchUp();
  return false;
}

function linkCutIfFree(log: CommitLog, before: Segment, cut: OwnFile): boolean {
  try {
    return linkIfFree(cut.path, cutPath(log, before));
  } catch (error) {
    // EIO may come back for a link that happened.
    if (isLinked(cut)) return true;
    throw error;
  }
}

function finishCut(log: CommitLog, before: Segment, next: Segment, cut: OwnFile): void {
  if (log.durable) syncDirectory(before.path, log.faults);
  markLive(next.path, cut.path);
  if (log.durable) syncDirectory(next.path, log.faults);
  failpoint("file.after-cut");
  log.catchUp();
  reclaim(log);
}

// Behind the torn tail of another boot the next number is taken by what the tail left there; not so where it is the cut
// of somebody else, who was faster.
function cutPath(log: CommitLog, before: Segment): string {
  const number = log.number + 1;
  const path = commitPath(before, number);
  if (!log.isForeign) return path;
  const found = readCommit(path, number, log.faults, CUT_READ_BYTES);
  return found !== undefined && isFlaw(found) ? join(before.path, "after") : path;
}

function isLinked(cut: OwnFile): boolean {
  return fstatSync(cut.fd).nlink > 1;
}

function commitsInUse(state: BufferState): Set<number> {
  const numbers = new Set<number>();
  for (const item of state.items()) numbers.add(item.commit);
  return numbers;
}

// What cannot be removed is left for the next one who cleans up.
function removeSegment(log: CommitLog, name: string): void {
  const away = join(log.layout.root, removedName());
  try {
    renameSync(join(log.layout.root, name), away);
    log.space.recycle(away);
  } catch {
    // Gone already, or being removed by somebody else.
  }
}
