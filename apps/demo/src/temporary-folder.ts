/** A folder of our own among the temporary ones. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "./args.js";

/** @throws UsageError where the parent, by default the folder for temporary files, is not there or cannot be written. */
export function temporaryFolder(prefix: string, parent: string = tmpdir()): string {
  try {
    return mkdtempSync(join(parent, prefix));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const named = parent === tmpdir() ? ", which TMPDIR names" : "";
    throw new UsageError(`Cannot make a folder in ${JSON.stringify(parent)}${named}: ${why}`);
  }
}
