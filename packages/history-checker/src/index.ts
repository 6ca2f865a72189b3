/** What `@sluice/history-checker` exports, and nothing else. */

export { checkHistory, type Violation } from "./check-history.js";
export type { HistoryExpectation } from "./expectation.js";
export { HistoryError } from "./history-error.js";
export { type ItemHistory, itemsOf, mayBePut } from "./item-history.js";
export { type HistoryJudgement, judgeHistory } from "./judge-history.js";
export {
  describeOperation,
  effectOf,
  type Operation,
  type OperationKind,
  type Outcome,
} from "./operation.js";
export { readHistory } from "./read-history.js";
export { type Recorder, recordInMemory, recordTo } from "./recorder.js";
export { type SearchOptions, type SearchResult, searchHistory } from "./search-history.js";
export { type HistorySummary, peakBounds, peakOf, summarizeHistory } from "./summarize-history.js";
