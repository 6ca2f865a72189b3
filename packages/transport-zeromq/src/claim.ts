/** One broker at a place: ZeroMQ itself lets a second one take the socket file of the first. */

import { closeSync, fstatSync, openSync, rmSync, statSync } from "node:fs";
import { show } from "@sluice/core";
import { loadNativePort } from "@sluice/native-port";
import { fault } from "./faults.js";
import { lockPath } from "./place.js";

export interface Claim {
  /** Gives the place up, and leaves nothing behind. */
  release(): void;
}

/**
 * Claims a path by a locked file beside it: the lock ends with the process, however that ends.
 *
 * @throws BufferError `BUFFER_EXISTS` if it is claimed; `CAPABILITY_MISSING` where there are no such locks; the system's error.
 */
export async function claimPath(path: string): Promise<Claim> {
  const native = await loadNativePort();
  const lock = lockPath(path);
  for (;;) {
    const fd = openSync(lock, "a", 0o600);
    try {
      if (!native.flock(fd, "exclusive"))
        throw fault("BUFFER_EXISTS", `There is a broker at ${show(path)} already`);
      // Whoever gives up removes the file: this one may be it.
      if (isStillAt(lock, fd)) {
        return {
          release() {
            // Somebody may have removed the folder, and another broker may be in a new one.
            if (isStillAt(lock, fd)) rmSync(lock, { force: true });
            closeSync(fd);
          },
        };
      }
      closeSync(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

function isStillAt(path: string, fd: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}
