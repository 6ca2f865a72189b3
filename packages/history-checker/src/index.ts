/** What `@sluice/history-checker` exports, and nothing else. */

export { checkHistory, type HistoryExpectation, type Violation } from "./check-history.js";
export { type ItemHistory, itemsOf } from "./item-history.js";
export {
  describeOperation,
  effectOf,
  type Operation,
  type OperationKind,
  type Outcome,
} from "./operation.js";
export { type Recorder, readHistory, recordInMemory, recordTo } from "./recorder.js";
