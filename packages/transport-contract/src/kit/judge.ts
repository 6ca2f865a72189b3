/** What a rule makes of a history. */

import type { TransportCapabilities } from "@sluice/core";
import { type HistoryExpectation, judgeHistory, type Operation } from "@sluice/history-checker";
import { fail } from "./expect.js";

/**
 * What the checker has to know of a transport beside the history. Whose puts may be of unknown outcome has a wire between client and
 * authority, and there a plain take is two steps: handed out, then confirmed. A take in one step keeps to that too.
 */
export function takesOf({ putOutcome }: TransportCapabilities): Pick<HistoryExpectation, "takesInTwoSteps"> {
  return { takesInTwoSteps: putOutcome === "may-be-unknown" };
}

/** Fails where the history is wrong, and where the search gave up: that is no pass. */
export function judge(
  operations: readonly Operation[],
  capacity: number,
  capabilities: TransportCapabilities,
): void {
  const { verdict, violations, search } = judgeHistory(operations, { capacity, ...takesOf(capabilities) });
  if (verdict === "violation") fail(violations.map((one) => one.message).join("\n"));
  if (verdict === "unknown")
    fail(`Expected to know whether the history has an order. ${search?.explanation}`);
}
