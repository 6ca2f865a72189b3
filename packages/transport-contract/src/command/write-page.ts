import { writeFileSync } from "node:fs";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";

/** @throws UsageError where the file cannot be written. */
export function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new UsageError(
      `Expected --report to name a file that can be written, got ${file}: ${messageOf(error)}`,
    );
  }
}
