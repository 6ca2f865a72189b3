/**
 * Cutting the appended log, under its lock: a new segment with the state written whole and an empty log file, so that the old
 * one can go. Costs what the buffer holds, and is due when a file is full that is several times as long.
 *
 * The bytes of items that are still in the buffer are copied where they are a small part of their file. Where they are
 * more, the file gets a second name in the new segment. So what is kept is a few times what the buffer holds, whatever stays.
 */

import { randomBytes } from "node:crypto";
import { closeSync, linkSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { failpoint, isBufferError } from "@sluice/core";
import { type AppendLog, CUT_BYTES } from "./append-log.js";
import { errnoOf } from "./faults.js";
import { removedName, segmentName } from "./layout.js";
import { LogFile } from "./log-file.js";
import { WORD_BYTES } from "./log-record.js";
import { LOG_BYTES } from "./log-space.js";
import { logPath } from "./open-log-file.js";
import { ownIdentity } from "./process-identity.js";
import { recordBytes } from "./record-file.js";
import {
  isLive,
  type LogHead,
  listRemoved,
  listSegments,
  markLive,
  type Segment,
  type SegmentHead,
} from "./segment.js";
import { SyncFailed, syncDirectory, syncNow } from "./shared-sync.js";
import { takeSnapshot } from "./state-snapshot.js";

/** A file is kept for its items if they are more than this part of it. */
const KEPT_PART = 1 / 4;
// A log is this many times as long as what is written to begin it.
const LOG_TIMES = 4;
// Of an item in a snapshot, about.
const ITEM_BYTES = 64;

/**
 * Goes on in a new segment. The lock is to be had, and everything to have been read.
 *
 * @param needs - bytes of a record that must find room.
 * @param mayReserve - whether what was set aside may be used where the disk is full.
 * @throws BufferError `STORAGE_FULL` and others, `SyncFailed`. The log is as it was, or goes on in the new segment.
 */
export function cutAppendLog(log: AppendLog, needs: number, mayReserve: boolean): void {
  try {
    removeOthers(log);
    if (log.isForeign) log.state.endTimedLeases();
    try {
      cut(log, needs, false);
    } catch (error) {
      if (!mayReserve || !isBufferError(error, "STORAGE_FULL")) throw error;
      cut(log, needs, true);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw log.faults.destroyed(log.layout.root, error);
    throw log.faults.storage(error, "Cutting the log");
  }
}

function cut(log: AppendLog, needs: number, fromReserve: boolean): void {
  const before = log.segment;
  const next: Segment = {
    path: join(log.layout.root, segmentName(log.number)),
    base: log.number,
    // Somebody to whom the system does not tell the boot goes on in the one that others have told.
    boot: ownIdentity().boot || before.boot,
    previous: basename(before.path),
  };
  let file: LogFile | undefined;
  let head: LogHead;
  try {
    [head, file] = make(log, next, needs, fromReserve);
    // With the bytes of items that stay there.
    if (log.durable) log.file.syncNow();
    failpoint("file.before-cut");
    log.appendCut(basename(next.path));
  } catch (error) {
    file?.close();
    if (!isBufferError(error) || error.effect === "none") removeSegments(log, [next.path]);
    throw error;
  }
  markLive(next.path, join(next.path, "state"));
  // From then on it is the log, also if the disk has lost the record that leads there.
  if (log.durable) syncDirectory(next.path, log.faults);
  failpoint("file.after-cut");
  log.enter(next, head, file);
  // Until it is marked, who opens the buffer comes by way of the one before.
  if (isLive(next.path)) removeSegments(log, [before.path]);
}

function make(log: AppendLog, next: Segment, needs: number, fromReserve: boolean): [LogHead, LogFile] {
  log.space.makeDirectory(next.path, fromReserve);
  const { linked, places, beginning, items } = takeAlong(log, fromReserve);
  const written = beginning.length + items * ITEM_BYTES;
  const wanted = Math.max(LOG_BYTES, LOG_TIMES * written, beginning.length + needs + CUT_BYTES);
  const bytes = fromReserve ? LOG_BYTES : Math.ceil(wanted / 4096) * 4096;
  const filler = randomBytes(WORD_BYTES);
  const number = (log.head?.file ?? 0) + 1;
  const path = logPath(next.path, number);
  const isReserve = log.space.makeLog(path, bytes, filler, beginning, fromReserve);
  for (const name of linked) linkSync(log.pathOf(name), logPath(next.path, name));
  const head: LogHead = {
    file: number,
    filler: filler.toString("hex"),
    bytes,
    begin: beginning.length,
    isReserve,
    places: places.map(([commit, at, start]) => [commit, at === OWN ? number : at, start]),
  };
  writeState(log, next, head, fromReserve);
  if (log.durable) {
    // What was copied; everything else of it comes to the disk with its first commit.
    if (beginning.length > 0) syncDirectory(path, log.faults);
    for (const directory of [next.path, log.layout.root]) syncDirectory(directory, log.faults);
  }
  return [head, new LogFile(path, head, log.faults, log.file.window)];
}

function writeState(log: AppendLog, next: Segment, head: LogHead, fromReserve: boolean): void {
  const whole: SegmentHead = {
    kind: "state",
    id: log.layout.id,
    base: next.base,
    boot: next.boot,
    previous: next.previous,
    state: takeSnapshot(log.state),
    log: head,
  };
  const fd = log.space.writeState(join(next.path, "state"), recordBytes(whole), fromReserve);
  try {
    if (log.durable) syncNow(fd, log.faults);
  } finally {
    closeSync(fd);
  }
}

/** The new log file itself, among the places. */
const OWN = -1;

interface Along {
  /** Files that are kept under a second name. */
  readonly linked: number[];
  readonly places: [commit: number, file: number, start: number][];
  /** What the new file begins with. */
  readonly beginning: Buffer;
  readonly items: number;
}

/** The bytes of a commit's items that are still in the buffer, from the first to the last. */
interface Range {
  readonly commit: number;
  readonly start: number;
  from: number;
  to: number;
}

function takeAlong(log: AppendLog, isReserve: boolean): Along {
  const files = new Map<number, Range[]>();
  const items = findRanges(log, files);
  const along: Along = { linked: [], places: [], beginning: Buffer.alloc(0), items };
  const parts: Buffer[] = [];
  let written = 0;
  for (const [file, ranges] of files) {
    const bytes = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    const whole = file === log.head?.file ? log.file.bytes : statSync(log.pathOf(file)).size;
    // A log in reserve holds nothing, so that it comes back.
    if (isReserve || bytes > whole * KEPT_PART) {
      along.linked.push(file);
      for (const { commit, start } of ranges) along.places.push([commit, file, start]);
      continue;
    }
    for (const { commit, start, from, to } of ranges) {
      const part = log.readFile(file, start + from, to - from);
      if (part.length < to - from) throw log.faults.flaw("torn", log.pathOf(file));
      along.places.push([commit, OWN, written - from]);
      parts.push(part);
      written += part.length;
    }
  }
  parts.push(Buffer.alloc((WORD_BYTES - (written % WORD_BYTES)) % WORD_BYTES));
  return { ...along, beginning: Buffer.concat(parts) };
}

/** Returns how many items there are. */
function findRanges(log: AppendLog, files: Map<number, Range[]>): number {
  const ranges = new Map<number, Range>();
  let items = 0;
  for (const { commit, offset, length } of log.state.items()) {
    items += 1;
    const known = ranges.get(commit);
    if (known !== undefined) {
      known.from = Math.min(known.from, offset);
      known.to = Math.max(known.to, offset + length);
      continue;
    }
    const place = log.places.get(commit);
    if (place === undefined) throw log.faults.flaw("torn", log.segment.path);
    const range = { commit, start: place.start, from: offset, to: offset + length };
    ranges.set(commit, range);
    const others = files.get(place.file);
    if (others === undefined) files.set(place.file, [range]);
    else others.push(range);
  }
  return items;
}

// What somebody left who did not live to finish a cut, before it was one or after it.
function removeOthers(log: AppendLog): void {
  const { root } = log.layout;
  markLive(log.segment.path, join(log.segment.path, "state"));
  if (!isLive(log.segment.path)) return;
  const paths = listSegments(root).map((name) => join(root, name));
  removeSegments(
    log,
    paths.filter((path) => path !== log.segment.path),
  );
}

/**
 * Removes these, and what others began to remove. What cannot be removed is left for the next cut.
 *
 * @throws SyncFailed
 */
function removeSegments(log: AppendLog, paths: readonly string[]): void {
  const { root } = log.layout;
  for (const path of paths) quietly(() => renameSync(path, join(root, removedName())));
  const removed = quietly(() => listRemoved(root)) ?? [];
  // A disk that has lost that they were renamed, and not that they were emptied, would have a segment of which a part is
  // missing, and one with the same base as the log's if there was no commit in it.
  if (log.durable && removed.length > 0) syncDirectory(root, log.faults);
  for (const name of removed) quietly(() => log.space.recycle(join(root, name)));
}

// The disk fails, or there is nothing.
function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof SyncFailed) throw error;
    return undefined;
  }
}
