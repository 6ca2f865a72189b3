/** The harness that a module exports, looked at before anything is run. */

import type { Harness } from "../harness.js";
import { importFrom } from "../import-from.js";
import { UsageError } from "../usage-error.js";

/**
 * @param module - path, URL or package; its default export, or else its export `harness`, is the harness or a function that makes it.
 * @throws UsageError for one that cannot be imported, or that exports no harness.
 */
export async function loadHarness(module: string): Promise<Harness> {
  const exports = await importFrom(module, "the module");
  const exported = exports["default"] ?? exports["harness"];
  if (exported === undefined)
    throw new UsageError(
      `Expected ${module} to export a harness as its default, it exports ${named(exports)}`,
    );
  const harness: unknown = typeof exported === "function" ? await exported() : exported;
  const wrong = whatIsWrong(harness);
  if (wrong !== undefined) throw new UsageError(`Expected the harness of ${module} to have ${wrong}`);
  return harness as Harness;
}

function whatIsWrong(harness: unknown): string | undefined {
  const { createTransport, capabilities } = Object(harness) as Partial<Record<keyof Harness, unknown>>;
  if (typeof createTransport !== "function")
    return `a function createTransport, got ${typeof createTransport}`;
  if (typeof capabilities !== "object" || capabilities === null)
    return `the capabilities of its transports, got ${capabilities === null ? "null" : typeof capabilities}`;
  return undefined;
}

function named(exports: object): string {
  return Object.keys(exports).join(", ") || "nothing";
}
