/** Where the demo's buffer lives. */

import { mkdtempSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export interface Place {
  readonly path: string;
  /** Removes what was made for the buffer, once the buffer itself is gone. */
  tidy(): void;
}

/** The user's path, or a new one in the folder. */
export function placeFor(given: string | undefined, folder: string): Place {
  if (given !== undefined) return { path: resolve(given), tidy() {} };
  const path = join(mkdtempSync(join(folder, "sluice-demo-")), "buffer");
  return {
    path,
    tidy() {
      try {
        rmdirSync(dirname(path));
      } catch {
        // Something else was put there, which is not ours to remove.
      }
    },
  };
}
