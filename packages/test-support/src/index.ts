export { freePort } from "./free-port.js";
export { Network, type NetworkOptions, type Way, whyNoNetwork } from "./network.js";
export { type Handles, outcomesWithout } from "./outcomes-without.js";
export { type Place, ServerProcess } from "./server-process.js";
export { programOf } from "./server-program.js";
export { unlessPaused } from "./unless-paused.js";
export { outcomeOf, outcomesOf, until } from "./until.js";
export { unwarned } from "./unwarned.js";
export { type Account, consume, insist, sum } from "./work.js";
