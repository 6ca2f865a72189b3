/**
 * Where new files come from. A handle keeps the files of its commits under a second name of its own and writes to them
 * again once the log has dropped its name: on ext4, making and freeing a file for each commit is ten times the work.
 *
 * As long as the disk has room, further files come from the disk; on a full one, for all that does not add an
 * item, from what was set aside when the buffer was created: a file is claimed by renaming it, and overwritten, which
 * needs no space. Removed segments give their files back until the store is whole again.
 */

import { fstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { BufferSpec } from "@sluice/core";
import { errnoOf, isStorageFull } from "./faults.js";
import { DIRECTORY_MODE, type Layout, newHandleId } from "./layout.js";
import { closeQuietly, overwriteFile, removeIfPossible, writeNewFile } from "./record-file.js";
import {
  COMMIT_BYTES,
  reservedBytes,
  SPARE_COMMITS,
  SPARE_DIRECTORIES,
  SPARE_STATES,
  type SpareKind,
  stateBytes,
} from "./set-aside.js";

export interface OwnFile {
  readonly path: string;
  readonly fd: number;
  /** Whether the handle writes to it again, once the log has dropped it. */
  readonly isKept: boolean;
  /** Space that was set aside for this. */
  readonly spare?: SpareKind;
}

// Larger files are not kept: they would hold space that the items in them no longer need.
const KEPT_FILE_BYTES_MAX = 16 * 1024;
// How many files are made new before looking again whether an old one has come free.
const LOOK_EVERY = 32;

export class WritableSpace {
  /** Whether the set-aside commit files are running out: cutting the log brings them back. */
  isRunningOut = false;
  readonly #layout: Layout;
  readonly #stateBytes: number;
  readonly #handle: string;
  #count = 0;
  // Files of this handle that the log names, or did, the oldest first.
  readonly #kept: string[] = [];
  #lookAt = 0;

  constructor(layout: Layout, spec: BufferSpec, handle: string) {
    this.#layout = layout;
    this.#stateBytes = stateBytes(spec);
    this.#handle = handle;
  }

  /**
   * Writes a new file of this handle's own and returns its open descriptor.
   *
   * @param reserve - what it may use of the space set aside: nothing, a file for a commit of at most 4 KiB, or, for the
   * state of a segment, also one of those kept for it.
   * @throws BufferError `STORAGE_FULL`, with nothing left behind; `STORAGE_FAILED`, `PERMISSION_DENIED`.
   */
  write(bytes: Uint8Array, reserve: "none" | "commit" | "state"): OwnFile {
    const path = this.#ownPath(bytes);
    try {
      const fd = path.isNew ? writeNewFile(path.name, bytes) : overwriteFile(path.name, bytes);
      return { path: path.name, fd, isKept: bytes.byteLength <= KEPT_FILE_BYTES_MAX };
    } catch (error) {
      // Somebody who opened the buffer took a kept file, in this instant, for what a dead handle has left.
      if (!path.isNew && errnoOf(error) === "ENOENT" && !this.#isGone()) return this.write(bytes, reserve);
      removeIfPossible(path.name);
      if (this.#isGone()) throw this.#layout.faults.destroyed(this.#layout.root, error);
      const spare = isStorageFull(error) && reserve !== "none" ? this.#claim(bytes, reserve) : undefined;
      if (spare === undefined) throw this.#layout.faults.storage(error, "Writing a commit");
      return spare;
    }
  }

  /** The file is written and, if it was to be, linked: closes it, and keeps its own name for later or drops it. Never fails. */
  release(file: OwnFile): void {
    if (file.isKept) {
      closeQuietly(file.fd);
      this.#kept.push(file.path);
    } else this.drop(file);
  }

  /** Closes a file and drops its own name: what else names it keeps it. Set-aside space that nothing names goes back. */
  drop({ path, fd, spare }: OwnFile): void {
    try {
      if (spare !== undefined && fstatSync(fd).nlink === 1)
        renameIfThere(path, join(this.#layout.spare, `${spare}.${newHandleId()}`));
    } catch {
      // Then the space is lost to the store until a segment gives some back.
    }
    closeQuietly(fd);
    removeIfPossible(path);
  }

  /** A dead handle was in the middle of using set-aside space: others may use it. */
  takeBack(name: string): void {
    const path = join(this.#layout.spare, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    const kind = reservedBytes(stat) >= this.#stateBytes ? "state" : "commit";
    // Linked already: then it comes back with its segment.
    if (stat.nlink > 1) rmSync(path, { force: true });
    else renameIfThere(path, join(this.#layout.spare, `${kind}.${newHandleId()}`));
  }

  /** Removes what this handle keeps. */
  close(): void {
    for (const path of this.#kept.splice(0)) removeIfPossible(path);
  }

  #ownPath(bytes: Uint8Array): { readonly name: string; readonly isNew: boolean } {
    if (bytes.byteLength <= KEPT_FILE_BYTES_MAX && this.#count >= this.#lookAt) {
      const free = this.#takeFree();
      if (free !== undefined) return { name: free, isNew: false };
      this.#lookAt = this.#count + LOOK_EVERY;
    }
    this.#count += 1;
    return { name: join(this.#layout.own, `${this.#handle}.${this.#count}`), isNew: true };
  }

  // The oldest kept file that the log has dropped. It drops them in the order they were given, by whole segments, but for
  // those it has taken along because their items are still there: an item may stay for ever, and others come free meanwhile.
  #takeFree(): string | undefined {
    for (let unseen = this.#kept.length; unseen > 0; unseen--) {
      const oldest = this.#kept[0] as string;
      const names = statSync(oldest, { throwIfNoEntry: false })?.nlink ?? 0;
      // In one segment only: whatever was given later is in that one as well, or in a later one.
      if (names === 2) return undefined;
      this.#kept.shift();
      if (names === 1) return oldest;
      if (names > 2) this.#kept.push(oldest);
    }
    return undefined;
  }

  /** Makes a directory, from the store if need be. */
  makeDirectory(path: string): void {
    try {
      mkdirSync(path, { mode: DIRECTORY_MODE });
    } catch (error) {
      if (this.#isGone()) throw this.#layout.faults.destroyed(this.#layout.root, error);
      if (!isStorageFull(error) || !this.#takeSpare("dir", path))
        throw this.#layout.faults.storage(error, "Making a segment");
      // It was a segment before, and somebody who was stopped in the middle of a link to it may have added a name since.
      for (const name of listIfThere(path)) unlinkIfThere(`${path}/${name}`);
    }
  }

  /** Empties and removes a directory of the log that was renamed away; what the store lacks goes back to it. */
  recycle(directory: string): void {
    const missing = this.#missing();
    if (missing.commits > 0 || missing.states > 0 || missing.dirs > 0) {
      for (const name of listIfThere(directory)) this.#giveBack(join(directory, name), missing);
    }
    for (const name of listIfThere(directory)) unlinkIfThere(`${directory}/${name}`);
    if (missing.dirs > 0 && renameIfThere(directory, join(this.#layout.spare, `dir.${newHandleId()}`)))
      return;
    // Somebody who was stopped in the middle of a call may have added a name.
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 5 });
  }

  // Within one directory, which has room for the name: the others may have to grow for it.
  #claim(bytes: Uint8Array, reserve: "commit" | "state"): OwnFile | undefined {
    const path = join(this.#layout.spare, `claimed.${this.#handle}.${this.#count}`);
    try {
      return this.#claimAt(path, bytes, reserve);
    } catch (error) {
      // Such as a file system that copies what is written over, or a disk that fails.
      throw this.#layout.faults.storage(error, "Writing a commit to what is set aside");
    }
  }

  #claimAt(path: string, bytes: Uint8Array, reserve: "commit" | "state"): OwnFile | undefined {
    const kind = bytes.byteLength <= COMMIT_BYTES ? "commit" : "state";
    // Were a large commit to take what is kept for a state, the log could not be cut any more.
    if (kind === "state" && reserve !== "state") return undefined;
    if (!this.#takeSpare(kind, path)) return undefined;
    if (reservedBytes(statSync(path)) < bytes.byteLength) {
      renameSync(path, join(this.#layout.spare, `${kind}.${newHandleId()}`));
      return undefined;
    }
    this.isRunningOut = this.#spares("commit").length <= SPARE_COMMITS / 2;
    try {
      return { path, fd: overwriteFile(path, bytes), isKept: false, spare: kind };
    } catch (error) {
      renameIfThere(path, join(this.#layout.spare, `${kind}.${newHandleId()}`));
      throw error;
    }
  }

  #takeSpare(kind: SpareKind, as: string): boolean {
    return this.#spares(kind).some((name) => renameIfThere(join(this.#layout.spare, name), as));
  }

  #giveBack(file: string, missing: Missing): void {
    const stat = statSync(file, { throwIfNoEntry: false });
    // Another name means that a later segment still needs it.
    if (stat === undefined || stat.nlink > 1) return;
    const reserved = reservedBytes(stat);
    if (missing.states > 0 && reserved >= missing.stateBytes) {
      if (renameIfThere(file, join(this.#layout.spare, `state.${newHandleId()}`))) missing.states -= 1;
    } else if (missing.commits > 0 && reserved >= COMMIT_BYTES && reserved <= 2 * COMMIT_BYTES) {
      if (renameIfThere(file, join(this.#layout.spare, `commit.${newHandleId()}`))) missing.commits -= 1;
    }
  }

  #missing(): Missing {
    const names = listIfThere(this.#layout.spare);
    const lacking = (kind: SpareKind, wanted: number) =>
      wanted - names.filter((name) => name.startsWith(`${kind}.`)).length;
    return {
      commits: lacking("commit", SPARE_COMMITS),
      states: lacking("state", SPARE_STATES),
      dirs: lacking("dir", SPARE_DIRECTORIES),
      stateBytes: this.#stateBytes,
    };
  }

  #spares(kind: SpareKind): string[] {
    return listIfThere(this.#layout.spare).filter((name) => name.startsWith(`${kind}.`));
  }

  #isGone(): boolean {
    return statSync(this.#layout.root, { throwIfNoEntry: false }) === undefined;
  }
}

interface Missing {
  commits: number;
  states: number;
  readonly dirs: number;
  readonly stateBytes: number;
}

function listIfThere(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

// Cheaper than `rmSync`, which looks first what it is.
function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function renameIfThere(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTEMPTY" || errno === "EEXIST") return false;
    throw error;
  }
}
