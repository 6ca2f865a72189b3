/**
 * Cutting the log: a new segment with the state written whole, so that the old commits can go. Costs what the buffer
 * holds, and is due only after at least as many commits, so that a commit costs what it changes.
 *
 * The bytes of items that are still in the buffer are not copied: the files of the commits that put them get a second
 * name in the new segment.
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { failpoint } from "@sluice/core";
import type { BufferState } from "./buffer-state.js";
import type { CommitLog } from "./commit-log.js";
import { removedName, segmentBase, segmentName } from "./layout.js";
import { ownIdentity } from "./process-identity.js";
import { recordBytes } from "./record-file.js";
import { type CutHead, commitPath, linkIfFree, listRemoved, listSegments, type Segment, type SegmentHead } from "./segment.js";
import { takeSnapshot } from "./state-snapshot.js";
import { errnoOf } from "./storage-error.js";
import { SPARES_PER_SEGMENT } from "./writable-space.js";

// A cut costs about as much as twenty commits. Longer segments also keep more files from being written to again.
const COMMITS_MIN = 256;
const PAYLOAD_MIN_BYTES = 8 * 1024 * 1024;
// Of those who could cut, only the one whose commit has such a number does, unless it dies; then the next one does.
const EVERY = 16;

/** Whether the handle that made the last commit is to cut the log now. */
export function isCutDue(log: CommitLog): boolean {
  if (log.space.sparesUsed >= SPARES_PER_SEGMENT) return true;
  const commits = log.number - log.segment.base;
  const { ready, leased, parked, dead, bytes } = log.state;
  const items = ready.size + leased.size + parked.length + dead.size;
  if (log.segmentPayload >= Math.max(PAYLOAD_MIN_BYTES, 2 * bytes)) return true;
  return commits >= Math.max(COMMITS_MIN, items) && commits % EVERY === 0;
}

/**
 * Goes on in a new segment, or in the one that somebody else has begun meanwhile.
 *
 * @throws BufferError as `WritableSpace.write`; the log is as it was.
 */
export function cutLog(log: CommitLog): void {
  const { root } = log.layout;
  const before = log.segment;
  if (log.isForeign) log.state.endAllLeases();
  const next: Segment = {
    path: join(root, segmentName(log.number)),
    base: log.number,
    boot: ownIdentity().boot,
    previous: basename(before.path),
  };
  log.space.makeDirectory(next.path);
  try {
    writeState(log, next);
    for (const number of commitsInUse(log.state)) linkIfFree(commitPath(before, number), commitPath(next, number));
    if (log.durable) for (const directory of [next.path, root]) syncDirectory(directory);
    failpoint("file.before-cut");
    if (!linkCut(log, before, next)) {
      removeSegment(log, basename(next.path));
      return;
    }
    failpoint("file.after-cut");
  } catch (error) {
    removeSegment(log, basename(next.path));
    // The buffer may have been destroyed, or cut by others more than once, while this was being prepared.
    if (errnoOf(error) === "ENOENT") return log.catchUp();
    throw error;
  }
  log.space.sparesUsed = 0;
  reclaim(log);
}

/** Removes the segments before the previous one, and what was prepared for a place that has been taken. */
export function reclaim(log: CommitLog): void {
  for (const name of listSegments(log.layout.root)) {
    const base = segmentBase(name) as number;
    if (base < log.segment.base && name !== log.segment.previous) removeSegment(log, name);
  }
  for (const name of listRemoved(log.layout.root)) log.space.recycle(join(log.layout.root, name));
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeState(log: CommitLog, next: Segment): void {
  const head: SegmentHead = {
    kind: "state",
    base: next.base,
    boot: next.boot,
    previous: next.previous,
    state: takeSnapshot(log.state),
  };
  const file = log.space.write(recordBytes(head), { essential: true });
  try {
    if (log.durable) fsyncSync(file.fd);
    renameSync(file.path, join(next.path, "state"));
  } finally {
    log.space.drop(file);
  }
}

// The cut takes the place of the next commit. Those that come first are taken along, under their own numbers.
function linkCut(log: CommitLog, before: Segment, next: Segment): boolean {
  const head: CutHead = { kind: "cut", to: basename(next.path) };
  const cut = log.space.write(recordBytes(head), { essential: true });
  try {
    if (log.durable) fsyncSync(cut.fd);
    while (!linkIfFree(cut.path, cutPath(log, before))) {
      const known = log.number;
      log.catchUp();
      if (log.segment !== before || log.state.destroyed) return false;
      for (let number = known + 1; number <= log.number; number++) {
        linkIfFree(commitPath(before, number), commitPath(next, number));
      }
    }
    // A link into a segment that was renamed away in that moment is not part of the log, and must not be marked so.
    if (existsSync(before.path)) {
      if (log.durable) syncDirectory(before.path);
      linkIfFree(cut.path, join(next.path, "live"));
      if (log.durable) syncDirectory(next.path);
    }
    log.catchUp();
    return log.segment.path === next.path;
  } finally {
    log.space.drop(cut);
  }
}

// Behind the torn tail of another boot the next number is taken by what the tail left there.
function cutPath(log: CommitLog, before: Segment): string {
  const path = commitPath(before, log.number + 1);
  return log.isForeign && existsSync(path) ? join(before.path, "after") : path;
}

function commitsInUse(state: BufferState): Set<number> {
  const numbers = new Set<number>();
  for (const item of state.items()) numbers.add(item.commit);
  return numbers;
}

function removeSegment(log: CommitLog, name: string): void {
  const away = removedName();
  try {
    renameSync(join(log.layout.root, name), join(log.layout.root, away));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  log.space.recycle(join(log.layout.root, away));
}
