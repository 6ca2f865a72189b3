/** Where the processes of a rule write down what they do. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHistory } from "@sluice/history-checker";
import type { Marks } from "../chaos/marks.js";
import type { RuleContext } from "./context.js";

/** A folder that is gone after the rule; what is in it by then goes with the verdict, also of a rule that hung. */
export function historyFolder(
  t: RuleContext,
  about: { readonly title: string; readonly capacity: number },
  marks: Marks,
): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-history-"));
  t.defer(() => rmSync(folder, { recursive: true, force: true }));
  t.defer(() => {
    const operations = readHistory(folder);
    t.histories.push({ ...about, operations, marks: marks.in(operations) });
  });
  return folder;
}
