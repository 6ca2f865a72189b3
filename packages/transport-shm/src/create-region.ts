/** Makes a region beside its place, and moves it there. */

import { closeSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BufferSpec, type BufferWishes, show } from "@sluice/core";
import { bootId, type NativePort } from "@sluice/native-port";
import { asideOf, lockParent, removePlace, sweepAside } from "./aside.js";
import { errnoOf, fault, notABuffer, systemError } from "./faults.js";
import { isOver, nativePort, openRegion } from "./open-region.js";
import {
  DIRECTORY_MODE,
  FILE_MODE,
  findRoot,
  idOfRoot,
  makeDirectory,
  newBufferId,
  type Place,
  refuseRemote,
  rootName,
} from "./place.js";
import { type RegionHeader, writeRegion } from "./region.js";

/** Returns the buffer's id. */
export async function createRegion(place: Place, spec: BufferSpec, wishes: BufferWishes): Promise<string> {
  const { path } = place;
  if (wishes.durability === "fsync") {
    throw fault(
      "CAPABILITY_MISSING",
      'Shared memory ends with the boot: `durability: "fsync"` cannot be had',
    );
  }
  const native = await nativePort();
  const id = newBufferId();
  const aside = asideOf(path);
  const header: RegionHeader = { id, boot: bootId(), spec };
  try {
    if (place.isDefault) makeDirectory(dirname(path));
    refuseRemote(dirname(path));
    clearPlace(native, path);
    sweepAside(native, path);
    const release = await lockParent(native, path);
    try {
      const root = join(aside, rootName(id));
      mkdirSync(aside, { mode: DIRECTORY_MODE });
      mkdirSync(root, { mode: DIRECTORY_MODE });
      closeSync(openSync(join(root, "door"), "wx", FILE_MODE));
      const fd = openSync(join(root, "region"), "wx+", FILE_MODE);
      try {
        writeRegion(fd, header);
      } finally {
        closeSync(fd);
      }
      moveIntoPlace(native, aside, path);
    } finally {
      release();
    }
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw systemError(error, `Creating a buffer at ${show(path)}`, path);
  }
  return id;
}

function moveIntoPlace(native: NativePort, aside: string, path: string): void {
  for (;;) {
    try {
      renameSync(aside, path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTDIR") throw notABuffer(path, "is not a directory");
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    clearPlace(native, path);
  }
}

// If there is a buffer, that is the end of it, unless it has been destroyed or the machine was started again.
function clearPlace(native: NativePort, path: string): void {
  const root = findRoot(path);
  if (root === undefined) return;
  const found = openRegion(native, root);
  if (found !== undefined && !isOver(found))
    throw fault("BUFFER_EXISTS", `There is a buffer at ${show(path)} already`);
  removePlace(path, idOfRoot(root));
}
