/** Where the processes of a rule write down what they do. */

import { readHistory } from "@sluice/history-checker";
import type { Marks } from "../chaos/marks.js";
import type { RuleContext } from "./context.js";
import { temporaryFolder } from "./temporary-folder.js";

/** A folder that is gone after the rule; what is in it by then goes with the verdict, also of a rule that hung. */
export function historyFolder(
  t: RuleContext,
  about: { readonly title: string; readonly capacity: number },
  marks: Marks,
): string {
  const folder = temporaryFolder(t, "sluice-history-");
  t.defer(() => {
    const operations = readHistory(folder);
    t.histories.push({ ...about, operations, marks: marks.in(operations) });
  });
  return folder;
}
