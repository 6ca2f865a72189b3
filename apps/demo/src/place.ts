/** Where the demo's buffer lives. */

import { rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { temporaryFolder } from "./temporary-folder.js";

export interface Place {
  readonly path: string;
  /** Removes what was made for the buffer, once the buffer itself is gone. */
  tidy(): void;
}

/** The user's path, or a new one in the folder. */
export function placeFor(given: string | undefined, folder: string): Place {
  if (given !== undefined) return { path: resolve(given), tidy() {} };
  const path = join(temporaryFolder("sluice-demo-", folder), "buffer");
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
