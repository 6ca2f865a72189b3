/**
 * Where the files of an appended log come from. Log files are as long as they will ever be from the start, so that appending
 * needs no space; what a cut of the log needs comes from the disk while that has room, and else from what was set aside when the
 * buffer was created. Removed segments give their files back. All of this is under the lock: nobody else does the same.
 */

import { closeSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { BufferSpec } from "@sluice/core";
import { errnoOf, type Faults, isStorageFull } from "./faults.js";
import { DIRECTORY_MODE, type Layout, newHandleId } from "./layout.js";
import {
  openToOverwrite,
  openToWriteNew,
  overwriteFile,
  removeIfPossible,
  writeFully,
  writeNewFile,
} from "./record-file.js";
import { growDirectory, reservedBytes, stateBytes } from "./set-aside.js";
import { syncDirectory } from "./shared-sync.js";

/** Some ten thousand small items until the log is cut. */
export const LOG_BYTES: number = 1024 * 1024;

// One that the log is in, one for the next: a log that stands in reserve holds no items, and comes back when it is left.
const SPARES = { log: 2, state: 2, dir: 2 };
// One more is kept to be used again: to have it made and freed each time costs more.
const KEPT = { ...SPARES, log: SPARES.log + 1, dir: SPARES.dir + 1 };

type Kind = keyof typeof SPARES;

export class LogSpace {
  readonly #durable: boolean;
  readonly #spare: string;
  readonly #stateBytes: number;
  readonly #faults: Faults;

  constructor(layout: Layout, spec: BufferSpec, durable: boolean) {
    this.#durable = durable;
    this.#spare = layout.spare;
    this.#stateBytes = logStateBytes(spec);
    this.#faults = layout.faults;
  }

  /** @param mayReserve - whether what was set aside may be used. Returns whether it was. */
  makeDirectory(path: string, mayReserve: boolean): boolean {
    if (this.#takeKept("dir", path)) return false;
    return this.#make(
      "dir",
      path,
      mayReserve,
      () => mkdirSync(path, { mode: DIRECTORY_MODE }),
      () => {},
    );
  }

  /** @returns the open descriptor. */
  writeState(path: string, bytes: Buffer, mayReserve: boolean): number {
    let fd = -1;
    const write = () => {
      fd = writeNewFile(path, bytes);
    };
    this.#make("state", path, mayReserve && bytes.length <= this.#stateBytes, write, () => {
      fd = overwriteFile(path, bytes);
    });
    return fd;
  }

  /** Makes a log file full of its filler, but for its beginning. Returns whether it stands in what was set aside. */
  makeLog(path: string, bytes: number, filler: Buffer, beginning: Buffer, mayReserve: boolean): boolean {
    const fill = (fd: number) => fillLog(fd, bytes, filler, beginning);
    const isOrdinary = bytes === LOG_BYTES;
    if (isOrdinary && this.#takeKept("log", path)) {
      fill(openToOverwrite(path));
      return false;
    }
    return this.#make(
      "log",
      path,
      mayReserve && isOrdinary,
      () => fill(openToWriteNew(path)),
      () => fill(openToOverwrite(path)),
    );
  }

  /**
   * Empties and removes a segment that was renamed away; what the store lacks goes back to it.
   *
   * @throws SyncFailed, and the system's errors.
   */
  recycle(directory: string): void {
    // Its second name for the state would keep that from being given back.
    removeIfPossible(join(directory, "live"));
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const kind = name === "state" ? "state" : "log";
      const stat = statSync(path);
      const isWanted = kind === "log" ? stat.size === LOG_BYTES : reservedBytes(stat) >= this.#stateBytes;
      // Another name means that a later segment still needs it.
      if (stat.nlink > 1 || !isWanted || !this.#give(kind, path)) unlinkSync(path);
    }
    if (this.#spares("dir").length >= KEPT.dir) rmSync(directory, { recursive: true, force: true });
    else {
      // Were it to have its old names again after a power cut, a segment that it becomes would have them too.
      if (this.#durable) syncDirectory(directory, this.#faults);
      this.#give("dir", directory);
    }
  }

  #make(kind: Kind, path: string, mayReserve: boolean, make: () => void, overwrite: () => void): boolean {
    try {
      make();
      return false;
    } catch (error) {
      if (kind !== "dir") removeIfPossible(path);
      if (!isStorageFull(error) || !mayReserve || !this.#take(kind, path))
        throw errnoOf(error) === "ENOENT" ? error : this.#faults.storage(error, `Making ${basename(path)}`);
    }
    overwrite();
    return true;
  }

  #spares(kind: Kind): string[] {
    return readdirSync(this.#spare).filter((name) => name.startsWith(`${kind}.`));
  }

  // More than is set aside.
  #takeKept(kind: Kind, as: string): boolean {
    return this.#spares(kind).length > SPARES[kind] && this.#take(kind, as);
  }

  #take(kind: Kind, as: string): boolean {
    const [name] = this.#spares(kind);
    if (name === undefined) return false;
    renameSync(join(this.#spare, name), as);
    return true;
  }

  #give(kind: Kind, path: string): boolean {
    if (this.#spares(kind).length >= KEPT[kind]) return false;
    renameSync(path, join(this.#spare, `${kind}.${newHandleId()}`));
    return true;
  }
}

/** Sets the space aside, in a buffer that is being created. `sync` makes sure of it. */
export function setLogSpaceAside(spare: string, spec: BufferSpec, sync: (fd: number) => void): void {
  const fill = (name: string, bytes: number) => {
    // Not zeros: a file system that compresses or drops them would set nothing aside.
    const fd = writeNewFile(join(spare, name), Buffer.alloc(bytes, "set aside by Sluice for a full disk\n"));
    sync(fd);
    closeSync(fd);
  };
  for (let i = 0; i < SPARES.log; i++) fill(`log.${newHandleId()}`, LOG_BYTES);
  for (let i = 0; i < SPARES.state; i++) fill(`state.${newHandleId()}`, logStateBytes(spec));
  growDirectory(spare, 1);
  for (let i = 0; i < SPARES.dir; i++) {
    const path = join(spare, `dir.${newHandleId()}`);
    mkdirSync(path, { mode: DIRECTORY_MODE });
    growDirectory(path, 1);
  }
}

/** Fills a file that is open, and closes it. */
export function fillLog(
  fd: number,
  bytes: number,
  filler: Buffer,
  beginning: Buffer,
  sync: (fd: number) => void = () => {},
): void {
  try {
    writeFully(fd, beginning, 0);
    for (let at = beginning.length; at < bytes; at += LOG_BYTES)
      writeFully(fd, Buffer.alloc(Math.min(LOG_BYTES, bytes - at), filler), at);
    sync(fd);
  } finally {
    closeSync(fd);
  }
}

// A state tells besides where the bytes of each item lie.
function logStateBytes(spec: BufferSpec): number {
  const bytes = stateBytes(spec) + 32 * (spec.capacity + spec.deadLettersMax);
  return Math.ceil(bytes / 4096) * 4096;
}
