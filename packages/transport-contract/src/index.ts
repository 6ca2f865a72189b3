/** What `@sluice/transport-contract` exports, and nothing else. */

export {
  describeTransportContract,
  type TestContext,
  type TestFunction,
  type TestRunner,
} from "./describe-contract.js";
export { filesInDirectories, inDirectories } from "./directories.js";
export { type Group, levelReached, type Standing, standings } from "./group.js";
export type { Harness } from "./harness.js";
export type { RuleContext } from "./kit/context.js";
export type { KeptHistory, Mark } from "./report/kept-history.js";
export type { Level, Rule, Skip } from "./rule.js";
export { type RunOptions, runContract, type Verdict } from "./run-contract.js";
export { type Timing, timingFromEnvironment } from "./timing.js";
