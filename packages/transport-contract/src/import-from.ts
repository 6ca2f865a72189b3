/** Imports what a command line names. */

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "./usage-error.js";

/**
 * @param module - a URL, a path, or a package that can be resolved from the working directory.
 * @param what - the subject of the message: `--transport-module`.
 * @throws UsageError for what cannot be imported, with the first line of why.
 */
export async function importFrom(module: string, what: string): Promise<Record<string, unknown>> {
  const isPath = /^[./]|\.[cm]?[jt]s$/.test(module);
  try {
    if (URL.canParse(module) && !/^[a-z]:/i.test(module)) return await import(module);
    const path = isPath ? resolve(module) : createRequire(resolve("package.json")).resolve(module);
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const told = (error instanceof Error ? error.message : String(error)).replace(/ imported from .*/s, "");
    throw new UsageError(`Expected ${what} to be importable, got ${module}: ${told.split("\n")[0]}`);
  }
}
