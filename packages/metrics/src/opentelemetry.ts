/** Runs and buffers as OpenTelemetry metrics. */

export { type ObservedBuffer, type ObserveBufferOptions, observeBuffer } from "./observe-buffer.js";
export { type ObserveRunOptions, observeRun } from "./observe-run.js";
export type { RunEventSource } from "./run-event-source.js";
