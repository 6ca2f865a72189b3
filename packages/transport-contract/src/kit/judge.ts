/** What a rule makes of a history. */

import type { TransportCapabilities } from "@sluice/core";
import { checkHistory, judgeHistory, type Operation } from "@sluice/history-checker";
import { fail } from "./expect.js";

/**
 * Whether the complete search can judge what was taken. Over a wire a plain take is two steps, the hand-out and its confirmation:
 * between them somebody may be told empty or full, and the search knows of takes in one step alone.
 */
export function isSearchable(
  { putOutcome }: TransportCapabilities,
  mode: "take" | "lease" | "both",
): boolean {
  return mode === "lease" || putOutcome === "known";
}

/** Fails where the history is wrong, and where the search gave up: that is no pass. */
export function judge(operations: readonly Operation[], capacity: number, isSearched: boolean): void {
  if (!isSearched) {
    const violations = checkHistory(operations, { capacity });
    if (violations.length > 0) fail(violations.map((one) => one.message).join("\n"));
    return;
  }
  const { verdict, violations, search } = judgeHistory(operations, { capacity });
  if (verdict === "violation") fail(violations.map((one) => one.message).join("\n"));
  if (verdict === "unknown")
    fail(`Expected to know whether the history has an order. ${search?.explanation}`);
}
