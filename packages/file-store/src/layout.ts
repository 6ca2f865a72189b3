/**
 * Names of what lies on the disk. Everything of a buffer stands below a directory that carries its random id, so that a
 * participant of a buffer that was destroyed meets nothing in one that was made later at the same path.
 *
 *     <path>/                      0700
 *       buffer.<id>/
 *         header                   what the buffer is: id, settings, durability, lock strategy; never changes
 *         log.<base>-<random>/     a segment: the state at commit <base>, and the commits after it
 *           state                  a snapshot
 *           <number>               one commit: its operations, and the bytes of the items that it puts
 *           live                   there as soon as the segment is part of the log
 *           after                  leads on from a segment whose tail a power cut has torn
 *         own/                     files that a handle is writing, before it links them into the log
 *         spare/                   space set aside, for commits on a full disk
 *         waiting/                 who waits, for the counts
 *         turn/                    the lock, where that is proper-lockfile's
 *
 * Where the lock strategy is `flock`, commits are no files of their own:
 *
 *         lock                     the file that is locked
 *         bell.item, bell.room     written to when somebody may be waiting for an item, or for room
 *         log.<base>-<random>/
 *           state                  a snapshot, and what is to be known of the log files
 *           log.<n>                the commits after it, one behind the other; and older ones of which items are left
 *           live                   as above
 *         spare/                   space set aside, for cuts of the log
 *         waiting/                 as above
 */

import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Faults } from "./faults.js";

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

const ROOT_NAME = /^buffer\.[0-9a-f]{32}$/;
const REMOVED_NAME = /^gone\.[0-9a-f]{16}$/;
const SEGMENT_NAME = /^log\.(\d{1,15})-[0-9a-f]{16}$/;

export function newBufferId(): string {
  return randomBytes(16).toString("hex");
}

export function newHandleId(): string {
  return randomBytes(8).toString("hex");
}

/** The handle of a store's broker, whichever process that is at the time. */
export const BROKER_HANDLE = "broker";

export function rootName(id: string): string {
  return `buffer.${id}`;
}

export function isRootName(name: string): boolean {
  return ROOT_NAME.test(name);
}

/** Whether a text may be the id of a store: safe to be part of a path. */
export function isStoreId(id: string): boolean {
  return isRootName(rootName(id));
}

export function idOfRoot(name: string): string {
  return name.slice("buffer.".length);
}

export function segmentName(base: number): string {
  return `log.${base}-${randomBytes(8).toString("hex")}`;
}

/** Number of the commit whose state a segment begins with; undefined for other names. */
export function segmentBase(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Name for what is to be removed: renamed first, so that it is out of use at one instant. */
export function removedName(): string {
  return `gone.${newHandleId()}`;
}

export function isRemovedName(name: string): boolean {
  return REMOVED_NAME.test(name);
}

/** What a directory holds; nothing if there is none, or it cannot be told. */
export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

export class Layout {
  readonly id: string;
  /** For everybody who has to do with what lies here. */
  readonly faults: Faults;
  readonly root: string;
  readonly header: string;
  readonly own: string;
  readonly spare: string;
  readonly waiting: string;
  readonly turn: string;
  readonly lock: string;

  constructor(path: string, id: string, faults: Faults) {
    this.id = id;
    this.faults = faults;
    this.root = join(path, rootName(id));
    this.header = join(this.root, "header");
    this.own = join(this.root, "own");
    this.spare = join(this.root, "spare");
    this.waiting = join(this.root, "waiting");
    this.turn = join(this.root, "turn");
    this.lock = join(this.root, "lock");
  }
}
