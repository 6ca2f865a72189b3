/** What `@sluice/transport-contract` exports, and nothing else. */

export { describeTransportContract, type TestFunction, type TestRunner } from "./describe-contract.js";
export { inDirectories } from "./directories.js";
export { type Harness, type Timing, timingFromEnvironment } from "./harness.js";
export { checkHistory, type HistoryExpectation, type Violation } from "./history/check-history.js";
export { describeOperation, type Operation, type OperationKind, type Outcome } from "./history/operation.js";
export { type Recorder, readHistory, recordInMemory, recordTo } from "./history/recorder.js";
export type { Level } from "./rule.js";
export { type RunOptions, runContract, type Verdict } from "./run-contract.js";
