/** Files that say that a call waits: one of a process that has died counts for nothing, and is removed by whoever counts. */

import { closeSync } from "node:fs";
import { join } from "node:path";
import { listNames } from "./layout.js";
import type { DiskLog, WaitCounts } from "./log.js";
import { isDead } from "./process-identity.js";
import { removeIfPossible, writeNewFile } from "./record-file.js";

// A wait shorter than this is not worth a file that tells the counts of it.
const TELL_AFTER_MS = 20;

export class WaitingFiles implements WaitCounts {
  readonly #log: DiskLog;
  #told = 0;

  constructor(log: DiskLog) {
    this.#log = log;
  }

  // The file is made when the wait has lasted.
  tell(kind: "producer" | "consumer"): () => void {
    this.#told += 1;
    const path = join(this.#log.layout.waiting, `${kind}.${this.#log.handle}.${this.#told}`);
    let isTold = false;
    const timer = setTimeout(() => {
      try {
        closeSync(writeNewFile(path, new Uint8Array(0)));
        isTold = true;
      } catch {
        // A full disk, or no buffer any more. The counts do without.
      }
    }, TELL_AFTER_MS);
    return () => {
      clearTimeout(timer);
      if (isTold) removeIfPossible(path);
    };
  }

  count(kind: "producer" | "consumer"): number {
    const { layout, state } = this.#log;
    return listNames(layout.waiting).filter((name) => {
      const [nameKind, handle] = name.split(".");
      if (nameKind !== kind || handle === undefined) return false;
      const participant = state.participants.get(handle);
      const isThere = participant !== undefined && !isDead(participant);
      if (!isThere) removeIfPossible(join(layout.waiting, name));
      return isThere;
    }).length;
  }
}
