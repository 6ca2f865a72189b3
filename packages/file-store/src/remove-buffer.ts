/** The end of a destroyed buffer. */

import { renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf } from "./faults.js";
import { type Layout, removedName } from "./layout.js";

/** Removes a destroyed buffer's files, as far as they are there: only by its own names. */
export function removeBuffer(layout: Layout): void {
  const path = dirname(layout.root);
  const away = join(path, removedName());
  try {
    renameSync(layout.root, away);
    // Somebody who is in the middle of a call may still add a name.
    rmSync(away, { recursive: true, force: true, maxRetries: 10, retryDelay: 5 });
    rmdirSync(path);
  } catch (error) {
    // Somebody else was faster, or there is a new buffer at this path already.
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ENOTEMPTY" && errno !== "EEXIST")
      throw layout.faults.storage(error, "Removing the buffer");
  }
}
