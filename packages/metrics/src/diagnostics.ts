/** What happens in runs, and who waits, as messages of Node's diagnostics_channel. */

export { publishRun, type RunMessage } from "./publish-run.js";
export type { RunEventSource } from "./run-event-source.js";
export { type BufferWaitHooks, type ResumeMessage, type WaitMessage, waitHooks } from "./wait-hooks.js";
