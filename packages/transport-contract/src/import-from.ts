/** Imports what a command line names. */

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "./usage-error.js";
import { messageOf } from "./verdict-text.js";

const WHERE_MS = 5_000;

/**
 * @param module - a URL, a path, or a package that can be resolved from the working directory.
 * @param what - the subject of the message: `--transport-module`.
 * @throws UsageError for what cannot be imported, with the first line of why.
 */
export async function importFrom(module: string, what: string): Promise<Record<string, unknown>> {
  let url = module;
  try {
    url = urlOf(module);
    return await import(url);
  } catch (error) {
    const [told] = messageOf(error)
      .replace(/ imported from .*/s, "")
      .split("\n");
    const where = error instanceof SyntaxError ? whereItIs(url) : "";
    throw new UsageError(`Expected ${what} to be importable, got ${module}: ${told}${where}`);
  }
}

function urlOf(module: string): string {
  if (URL.canParse(module) && !/^[a-z]:/i.test(module)) return module;
  const isPath = /^[./]|\.[cm]?[jt]s$/.test(module);
  return pathToFileURL(isPath ? resolve(module) : createRequire(resolve("package.json")).resolve(module))
    .href;
}

/**
 * File and line of a syntax error, which may be in any module that is imported by the one that is named. Node tells them only of an
 * error that ends a process, on top of its stack.
 */
function whereItIs(url: string): string {
  const args = ["--input-type=module", "--eval", "await import(process.argv[1])", url];
  const { stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: WHERE_MS });
  const [, place] = /^(?:file:\/\/)?(\/.*:\d+)$/m.exec(stderr) ?? [];
  return place === undefined ? "" : ` (${decodeURI(place)})`;
}
