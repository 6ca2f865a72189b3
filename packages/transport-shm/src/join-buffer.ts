/** Opens the region at a place, and takes part in it. */

import { closeSync, constants, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { show } from "@sluice/core";
import type { NativePort } from "@sluice/native-port";
import { sweepAside } from "./aside.js";
import { fault, notFound, systemError } from "./faults.js";
import { isOver, nativePort, openRegion } from "./open-region.js";
import { Participants, type Registration } from "./participants.js";
import { findRoot, idOfRoot, type Place, refuseRemote } from "./place.js";
import { SharedBuffer } from "./shared-buffer.js";

export interface JoinedBuffer {
  readonly id: string;
  readonly shared: SharedBuffer;
  readonly participants: Participants;
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
    if (found === undefined || isOver(found)) throw notFound(path);
    const { region, header } = found;
    const participants = new Participants(native, region, root);
    const registration = await joinThroughDoor(native, participants, join(root, "door"), lockWaitMs);
    sweepAside(native, path);
    const { spec } = header;
    const shared = new SharedBuffer({ region, spec, participants, registration, lockWaitMs, path });
    return { id: header.id, shared, participants };
  } catch (error) {
    throw systemError(error, `Opening the buffer at ${show(path)}`, path);
  }
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
