/** What an application needs of the orchestrator. */

export type { WorkerOutcome } from "./crew-member.js";
export { lastLine, reportText } from "./report-text.js";
export type { RestartOptions, RestartPolicy } from "./restart-options.js";
export { type Run, run } from "./run.js";
export type { Listen, RunEvent, RunEventKind, RunEvents, StopLevel } from "./run-events.js";
export type { ConsumerGroup, RunPlan, WorkerGroup } from "./run-plan.js";
export type {
  DeadLetterReport,
  EndSignal,
  FoundInBuffer,
  RunExitCode,
  RunReport,
  TimeInBuffer,
  WorkerReport,
} from "./run-report.js";
export {
  sealWhenDone,
  startConsumers,
  startProducers,
  type Workers,
  type WorkersOptions,
} from "./start-workers.js";
export type { ErrorText, WorkerEnd, WorkerPlace, WorkerRole, WorkerTotals } from "./worker-messages.js";
export type {
  ConsumeFunction,
  ConsumerModule,
  ProduceFunction,
  ProducerModule,
  WorkerContext,
} from "./worker-module.js";
