/** Opens the region at a place, and takes part in it. */

import { closeSync, constants, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { show } from "@sluice/core";
import type { NativePort } from "@sluice/native-port";
import { removePlace, sweepAside } from "./aside.js";
import { fault, notFound, systemError } from "./faults.js";
import { isDestroyed, isOver, nativePort, openRegion } from "./open-region.js";
import { Participants, type Registration } from "./participants.js";
import { findRoot, idOfRoot, type Place, refuseRemote } from "./place.js";
import { SharedBuffer } from "./shared-buffer.js";

export interface JoinedBuffer {
  readonly id: string;
  readonly shared: SharedBuffer;
  readonly participants: Participants;
  /** Removes everything that the buffer has on the file system. */
  readonly remove: () => void;
}

/** @param id - of the buffer that must be there; any will do without. */
export async function joinBuffer(place: Place, id?: string): Promise<JoinedBuffer> {
  const { path, lockWaitMs } = place;
  const native = await nativePort();
  try {
    const root = findRoot(path);
    if (root === undefined || (id !== undefined && idOfRoot(root) !== id)) throw notFound(path);
    refuseRemote(dirname(path));
    const found = openRegion(native, root);
    if (found === undefined) throw notFound(path);
    const { region, header } = found;
    if (isOver(found)) {
      // Whoever destroyed it may have died over it.
      if (isDestroyed(region)) removeAll(native, path, header.id);
      throw notFound(path);
    }
    // Before there is anything to give back, should it fail.
    sweepAside(native, path);
    const participants = new Participants(native, region, root);
    const registration = await joinThroughDoor(native, participants, join(root, "door"), lockWaitMs);
    const { spec } = header;
    const shared = new SharedBuffer({ region, spec, participants, registration, lockWaitMs, path });
    return { id: header.id, shared, participants, remove: () => removeAll(native, path, header.id) };
  } catch (error) {
    throw systemError(error, `Opening the buffer at ${show(path)}`, path);
  }
}

// What others who died were making or removing as well.
function removeAll(native: NativePort, path: string, id: string): void {
  removePlace(path, id);
  sweepAside(native, path);
}

// One at a time: whoever takes a place must not meet another who takes the same.
async function joinThroughDoor(
  native: NativePort,
  participants: Participants,
  door: string,
  lockWaitMs: number,
): Promise<Registration> {
  const fd = openSync(door, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const end = performance.now() + lockWaitMs;
    while (!native.flock(fd, "exclusive")) {
      if (performance.now() >= end)
        throw fault("BUFFER_BUSY", `Somebody has been opening ${show(door)} for ${lockWaitMs} ms`);
      await sleep(1);
    }
    return participants.join();
  } finally {
    closeSync(fd);
  }
}
