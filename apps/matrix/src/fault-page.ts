/** The page on which the table stands. */

import { readFileSync } from "node:fs";
import { faultTable } from "./fault-table.js";

export const PAGE: URL = new URL("../../../packages/core/FAULTS.md", import.meta.url);

const BEGIN = "<!-- faults -->";
const END = "<!-- /faults -->";

/** The page as it is, and as it would be with the table of today. */
export function pages(): { readonly now: string; readonly wanted: string } {
  const now = readFileSync(PAGE, "utf8");
  const [before, rest] = now.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${PAGE.pathname} has no ${BEGIN} ... ${END}`);
  return { now, wanted: `${before}${BEGIN}\n${faultTable()}\n${END}${after}` };
}
