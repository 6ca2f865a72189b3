/** What an application needs of the orchestrator. */

export type { WorkerOutcome } from "./crew-member.js";
export { lastLine, reportText } from "./report-text.js";
export { type Run, run } from "./run.js";
export type { RunEvent, RunEventKind, RunEvents, StopLevel } from "./run-events.js";
export type { ConsumerGroup, RunPlan, WorkerGroup } from "./run-plan.js";
export type { EndSignal, RunExitCode, RunReport, WorkerReport } from "./run-report.js";
export type { ErrorText, WorkerEnd, WorkerRole, WorkerTotals } from "./worker-messages.js";
export type {
  ConsumeFunction,
  ConsumerModule,
  ProduceFunction,
  ProducerModule,
  WorkerContext,
} from "./worker-module.js";
