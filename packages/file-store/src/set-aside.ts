/** The space that a buffer sets aside when it is created, so that a full disk refuses only puts: how much, and of what. */

import { closeSync, linkSync, mkdirSync, type Stats, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { BufferSpec } from "@sluice/core";
import { DIRECTORY_MODE, newHandleId } from "./layout.js";
import { writeNewFile } from "./record-file.js";

export type SpareKind = "commit" | "state" | "dir";

// Once half of them are in use the log is cut, and cut again, so that they come back: the rest is for those who commit
// at the same time.
export const SPARE_COMMITS = 32;
// Three segments can be there at once: the one being prepared, the current, the one before.
export const SPARE_STATES = 3;
export const SPARE_DIRECTORIES = 3;
export const COMMIT_BYTES = 4096;
const DIRECTORY_BLOCK_BYTES = 4096;
const DIRECTORY_BLOCKS_MAX = 128;
const STATE_BYTES_MAX = 16 * 1024 * 1024;
// Names in a segment besides those of the commits that put its items.
const OTHER_NAMES = 32;

/** Bytes of a `state` file that is set aside: room for every item, and every dead letter with a reason of some length. */
export function stateBytes(spec: BufferSpec): number {
  const bytes = Math.min(STATE_BYTES_MAX, 16_384 + 64 * spec.capacity + 320 * spec.deadLettersMax);
  return Math.ceil(bytes / 4096) * 4096;
}

/** What a file holds on the disk: writing within it needs no more. `blocks` counts 512 bytes everywhere. */
export function reservedBytes(stat: Stats): number {
  return stat.blocks * 512;
}

/** Sets the space aside, in a buffer that is being created. `sync` makes sure of it. */
export function setSpaceAside(spare: string, spec: BufferSpec, sync: (fd: number) => void): void {
  const fill = (name: string, bytes: number) => {
    // Not zeros: a file system that compresses or drops them would set nothing aside.
    const fd = writeNewFile(join(spare, name), Buffer.alloc(bytes, "set aside by Sluice for a full disk\n"));
    sync(fd);
    closeSync(fd);
  };
  for (let i = 0; i < SPARE_COMMITS; i++) fill(`commit.${newHandleId()}`, COMMIT_BYTES);
  for (let i = 0; i < SPARE_STATES; i++) fill(`state.${newHandleId()}`, stateBytes(spec));
  growDirectory(spare, 1);
  // Twice what the names of all items need: a hashed directory splits its blocks before they are full.
  const names = spec.capacity + spec.deadLettersMax + OTHER_NAMES;
  const blocks = Math.min(DIRECTORY_BLOCKS_MAX, Math.ceil((2 * 24 * names) / DIRECTORY_BLOCK_BYTES));
  for (let i = 0; i < SPARE_DIRECTORIES; i++) {
    const path = join(spare, `dir.${newHandleId()}`);
    mkdirSync(path, { mode: DIRECTORY_MODE });
    growDirectory(path, blocks);
  }
}

// Directories grow by blocks and, on ext4, keep them. Long names fill them fast.
export function growDirectory(path: string, blocks: number): void {
  const links = Array.from({ length: blocks * 15 }, (_, i) => join(path, String(i).padStart(240, "x")));
  const file = join(path, "file");
  closeSync(writeNewFile(file, new Uint8Array(0)));
  for (const name of links) linkSync(file, name);
  for (const name of [file, ...links]) unlinkSync(name);
}
