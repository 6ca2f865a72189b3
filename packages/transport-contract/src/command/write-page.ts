import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";

/** To be known before a long run. @throws UsageError where no file can be written. */
export function canWritePage(file: string): void {
  orUsage(file, () => {
    const path = resolve(file);
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
    if (existsSync(path) && statSync(path).isDirectory()) throw new Error("it is a directory");
  });
}

/** @throws UsageError where the file cannot be written. */
export function writePage(file: string, page: string): void {
  orUsage(file, () => writeFileSync(file, page));
}

function orUsage(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(
      `Expected --report to name a file that can be written, got ${file}: ${messageOf(error)}`,
    );
  }
}
