/** The harness that a module exports, looked at before anything is run. */

import type { TransportCapabilities } from "@sluice/core";
import { checkMembers, type Harness } from "../harness.js";
import { importFrom } from "../import-from.js";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";

/**
 * @param module - path, URL or package; its default export is the harness or a function that makes it, or with `#NAME` behind it the
 *   export of that name.
 * @throws UsageError for one that cannot be imported, or that exports no harness.
 */
export async function loadHarness(module: string): Promise<Harness> {
  const [, path = "", name = "default"] = /^([^#]*)(?:#(.*))?$/.exec(module) ?? [];
  const exports = await importFrom(path, "the module");
  const exported = exports[name];
  if (exported === undefined)
    throw new UsageError(`Expected ${path} to export a harness as ${name}, it exports ${named(exports)}`);
  const harness: unknown =
    typeof exported === "function" ? await made(exported as () => unknown, path) : exported;
  const wrong = whatIsWrong(harness);
  if (wrong !== undefined) throw new UsageError(`Expected the harness of ${module} to have ${wrong}`);
  try {
    checkMembers(harness as Harness);
  } catch (error) {
    throw new UsageError(`${path}: ${messageOf(error)}`);
  }
  return harness as Harness;
}

async function made(make: () => unknown, path: string): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    throw new UsageError(`Expected the function of ${path} to make a harness, it threw ${messageOf(error)}`);
  }
}

function whatIsWrong(harness: unknown): string | undefined {
  const { createTransport, capabilities } = Object(harness) as Partial<Record<keyof Harness, unknown>>;
  if (typeof createTransport !== "function")
    return `a function createTransport, got ${typeof createTransport}`;
  if (typeof capabilities !== "object" || capabilities === null)
    return `the capabilities of its transports, got ${capabilities === null ? "null" : typeof capabilities}`;
  const { reach, survives } = capabilities as Partial<TransportCapabilities>;
  if (typeof reach !== "string" || !Array.isArray(survives))
    return `capabilities with reach and survives, got ${Object.keys(capabilities).join(", ") || "none"}`;
  return undefined;
}

function named(exports: object): string {
  return Object.keys(exports).join(", ") || "nothing";
}
