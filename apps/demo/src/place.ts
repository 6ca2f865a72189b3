/** Where the demo's buffer lives. */

import { existsSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "./args.js";
import { temporaryFolder } from "./temporary-folder.js";

export interface Place {
  readonly path: string;
  /** Removes what was made for the buffer, once the buffer itself is gone. */
  tidy(): void;
  /** Removes the socket of a broker that has been killed, and the lock beside it. */
  sweep(): void;
}

/** The user's path, or a new one in the folder. @throws UsageError where there is no folder to make it in. */
export function placeFor(given: string | undefined, folder: string): Place {
  if (given !== undefined) {
    const path = resolve(given);
    if (!existsSync(dirname(path)))
      throw new UsageError(`--path ${JSON.stringify(given)} cannot be used: its folder is not there`);
    return { path, tidy() {}, sweep: () => sweep(path) };
  }
  const path = join(temporaryFolder("sluice-demo-", folder), "buffer");
  return {
    path,
    sweep: () => sweep(path),
    tidy() {
      try {
        rmdirSync(dirname(path));
      } catch {
        // Something else was put there, which is not ours to remove.
      }
    },
  };
}

function sweep(path: string): void {
  for (const left of [path, `${path}.lock`]) rmSync(left, { force: true });
}
