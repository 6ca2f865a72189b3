/** A region that is there: opened, checked and mapped. */

import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { bootId, loadNativePort, type NativePort } from "@sluice/native-port";
import { errnoOf, fault } from "./faults.js";
import { idOfRoot } from "./place.js";
import { mapRegion, type Region, type RegionHeader, readHeader } from "./region.js";
import { Word } from "./region-layout.js";

export interface OpenRegion {
  readonly header: RegionHeader;
  readonly region: Region;
}

/** Whether it was destroyed, or the machine has been started again since. */
export function isOver({ header, region }: OpenRegion): boolean {
  const here = bootId();
  return (here !== "" && header.boot !== here) || Atomics.load(region.words, Word.destroyed) !== 0;
}

/**
 * Undefined if it is being removed at this instant.
 *
 * @throws BufferError `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `DATA_CORRUPT`.
 */
export function openRegion(native: NativePort, root: string): OpenRegion | undefined {
  const path = join(root, "region");
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const header = readHeader(fd, path);
    if (header.id !== idOfRoot(root)) throw fault("DATA_CORRUPT", `${path} is the region of another buffer`);
    return { header, region: mapRegion(native, fd, header.spec) };
  } finally {
    closeSync(fd);
  }
}

/** @throws BufferError `CAPABILITY_MISSING` where this has not been tried. */
export async function nativePort(): Promise<NativePort> {
  if (process.platform === "linux") return loadNativePort();
  throw fault(
    "CAPABILITY_MISSING",
    `Shared memory has been tried on Linux only, this is ${process.platform}: use transport-file`,
  );
}
