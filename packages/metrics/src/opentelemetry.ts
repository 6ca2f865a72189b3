/** Runs and buffers as OpenTelemetry metrics. */

export { type ObserveBufferOptions, type ObservedBuffer, observeBuffer } from "./observe-buffer.js";
export { type ObserveRunOptions, observeRun } from "./observe-run.js";
export type { RunEventSource } from "./run-event-source.js";
