/** The meter of the program's own OpenTelemetry, for who gives none. */

import { createRequire } from "node:module";
import type { Meter } from "@opentelemetry/api";
import { BufferError } from "@sluice/core";

const require = createRequire(import.meta.url);

/**
 * Of the global meter provider, under this package's name and version.
 *
 * @throws BufferError `CAPABILITY_MISSING` where `@opentelemetry/api` is not installed, with the command that installs it.
 */
export function defaultMeter(): Meter {
  const { version } = require("../package.json") as { version: string };
  return loadApi().metrics.getMeter("@sluice/metrics", version);
}

/** Only now, for a program that gives its meter needs none of it; and at once, for `import()` would make its callers wait. */
function loadApi(): typeof import("@opentelemetry/api") {
  try {
    return require("@opentelemetry/api");
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw cause;
    const message =
      "Without a `meter` that of @opentelemetry/api is used, which is not installed: npm install @opentelemetry/api";
    throw new BufferError("CAPABILITY_MISSING", message, { cause });
  }
}
