/** All tiers of the checker, one after the other: the cheap one, then the complete one. */

import { checkHistory, type Violation } from "./check-history.js";
import type { HistoryExpectation } from "./expectation.js";
import type { Operation } from "./operation.js";
import { type SearchOptions, type SearchResult, searchHistory, validateOptions } from "./search-history.js";

export interface HistoryJudgement {
  /** `unknown`: the first tier found nothing wrong, and the search gave up. It is no pass. */
  readonly verdict: "linearizable" | "violation" | "unknown";
  /** What is wrong; of the search one, with the property `S`. */
  readonly violations: readonly Violation[];
  /** What the search said; undefined where the first tier had found something already. */
  readonly search?: SearchResult;
}

/**
 * Judges a history by its properties, and, if they all hold, by a search for an order of it.
 *
 * @throws HistoryError, RangeError for a history or an expectation that cannot be; a name that is not known is refused, too.
 */
export function judgeHistory(
  operations: readonly Operation[],
  expectation: HistoryExpectation,
  options: SearchOptions = {},
): HistoryJudgement {
  // Also where the first tier finds something, and nothing is searched.
  validateOptions(options);
  const violations = checkHistory(operations, expectation);
  if (violations.length > 0) return { verdict: "violation", violations };
  const search = searchHistory(operations, expectation, options);
  const { verdict, explanation } = search;
  if (verdict !== "violation") return { verdict, violations, search };
  return { verdict, violations: [{ property: "S", message: `S: ${explanation}` }], search };
}
