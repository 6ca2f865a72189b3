/** What lies below a folder, byte for byte, so that a test can tell that nothing was touched. */

import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** A line for each name: its kind, mode and content. */
export function tree(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const whole = join(path, name);
      const stat = lstatSync(whole);
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) return `${name} -> ${readlinkSync(whole)}`;
      if (stat.isDirectory()) return `${name}/ ${mode}`;
      if (!stat.isFile()) return `${name} ${mode} special`;
      return `${name} ${mode} ${stat.mtimeMs} ${readFileSync(whole).toString("base64")}`;
    });
}
