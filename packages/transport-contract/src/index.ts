/** What `@sluice/transport-contract` exports, and nothing else. */

export { describeTransportContract, type TestFunction, type TestRunner } from "./describe-contract.js";
export { inDirectories } from "./directories.js";
export { type Group, levelReached, type Standing, standings } from "./group.js";
export { type Harness, type Timing, timingFromEnvironment } from "./harness.js";
export type { Level, Rule } from "./rule.js";
export { type RunOptions, runContract, type Verdict } from "./run-contract.js";
