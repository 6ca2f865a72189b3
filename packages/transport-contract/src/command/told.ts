/** What a command says of the error that ended it. */

import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";

/** In one line. @returns the exit code. */
export function told(error: unknown): 1 | 2 {
  const isUsage = error instanceof UsageError;
  const text = messageOf(error).replaceAll(/\s+/g, " ");
  console.error(`transport-contract: ${text}${isUsage ? " (--help tells more)" : ""}`);
  return isUsage ? 2 : 1;
}
