/** Making a store: beside its place, and renamed into it, so that whoever dies in the middle leaves nothing that opens. */

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { show } from "@sluice/core";
import type { BufferHeader, StoreSettings } from "./buffer-header.js";
import { errnoOf, Faults } from "./faults.js";
import { DIRECTORY_MODE, idOfRoot, Layout, newBufferId, newHandleId } from "./layout.js";
import { lockStrategy } from "./lock-strategy.js";
import { headerAt, LOCK_WAIT_MS_DEFAULT, openHandle } from "./open-store.js";
import { findRoot, isMissing, notABuffer, refuseRemote, removeLeftovers } from "./place.js";
import { createRecordFile } from "./record-file.js";
import { removeBuffer } from "./remove-buffer.js";
import { syncDirectory, syncNow } from "./shared-sync.js";

const ASIDE_CHARACTERS_MAX = 50;

/**
 * Makes a store in a directory, which it makes as well, or takes if it is empty.
 *
 * Rejects `BUFFER_EXISTS`; `NOT_A_BUFFER`, `DATA_CORRUPT` or `VERSION_UNSUPPORTED` for what is there instead;
 * `CAPABILITY_MISSING` on a file system of another machine, or where what its lock needs is not there; `PERMISSION_DENIED`,
 * `STORAGE_FULL`, `STORAGE_FAILED`. With the system's error, for the caller to say by what the path was given: `ENOENT` or
 * `ENOTDIR` where the directory's parent is not one, and `ENAMETOOLONG`.
 *
 * @param path - absolute path of the directory.
 * @param transport - in whose name errors are told: `BufferError.transport`.
 * @returns the id of the store, which tells it from a later one at the same path.
 */
export async function createStore(path: string, transport: string, settings: StoreSettings): Promise<string> {
  const { spec, durability, lock } = settings;
  const faults = new Faults(transport);
  const id = newBufferId();
  // A name that fits wherever the buffer's own does, or is too long as well.
  const aside = join(dirname(path), `.${basename(path).slice(0, ASIDE_CHARACTERS_MAX)}.${newHandleId()}`);
  const sync = durability === "fsync" ? fsyncSync : () => {};
  try {
    const asked = lockStrategy(lock);
    const strategy = asked instanceof Promise ? await asked : asked;
    const clearing = clearPlace(path, faults);
    if (clearing !== undefined) await clearing;
    refuseRemote(dirname(path), faults);
    mkdirSync(aside, { mode: DIRECTORY_MODE });
    const layout = new Layout(aside, id, faults);
    mkdirSync(layout.root, { mode: DIRECTORY_MODE });
    const header: BufferHeader = { kind: "header", id, spec, durability, lock };
    const fd = createRecordFile(layout.header, header);
    sync(fd);
    closeSync(fd);
    const directories = strategy.createFiles(layout, spec, sync);
    if (durability === "fsync") {
      for (const directory of [...directories, layout.root, aside]) syncDirectory(directory, faults);
      await moveDurably(aside, path, faults);
    } else await moveIntoPlace(aside, path, faults);
  } catch (error) {
    // Below a file there is nothing to be removed, not even by force.
    if (errnoOf(error) !== "ENOTDIR") rmSync(aside, { recursive: true, force: true });
    if (isMissing(error) || errnoOf(error) === "ENAMETOOLONG") throw error;
    throw faults.storage(error, `Creating a buffer at ${show(path)}`);
  }
  return id;
}

// Once it is there others may open it: what can be refused is refused before, and what fails then leaves it there.
async function moveDurably(aside: string, path: string, faults: Faults): Promise<void> {
  const parent = openSync(dirname(path), "r");
  try {
    await moveIntoPlace(aside, path, faults);
    syncNow(parent, faults, "unknown");
  } finally {
    closeSync(parent);
  }
}

async function moveIntoPlace(aside: string, path: string, faults: Faults): Promise<void> {
  for (;;) {
    try {
      renameSync(aside, path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTDIR") throw notABuffer(path, faults, "is not a directory");
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    await clearPlace(path, faults);
  }
}

// If there is something, that is the end of it, unless it is what a destroyed buffer left behind.
function clearPlace(path: string, faults: Faults): Promise<void> | undefined {
  const root = findRoot(path, faults);
  if (root !== undefined) return removeDestroyed(path, new Layout(path, idOfRoot(root), faults));
  removeLeftovers(path, faults);
  return undefined;
}

async function removeDestroyed(path: string, layout: Layout): Promise<void> {
  const header = headerAt(path, layout);
  const store =
    header === undefined ? undefined : await openHandle(layout, header, LOCK_WAIT_MS_DEFAULT, newHandleId());
  if (store !== undefined) {
    store.close();
    throw layout.faults.of("BUFFER_EXISTS", `There is a buffer at ${show(path)} already`);
  }
  removeBuffer(layout);
}
