/** What an orchestrator is to run, as data: it is another process. */

import type { ConsumerGroup, RunPlan, WorkerGroup } from "@sluice/core";
import type { TransportName } from "./matrix-transports.js";
import type { ConsumeArgs } from "./workers/consume.js";
import type { ProduceArgs } from "./workers/produce.js";

export interface Scenario
  extends Pick<RunPlan, "create" | "drainDeadlineMs" | "startTimeoutMs" | "keep" | "values"> {
  readonly transport: TransportName;
  /** Of the buffer. */
  readonly folder: string;
  readonly producers: readonly WorkerGroup[];
  readonly consumers: readonly ConsumerGroup[];
}

export function producers(
  args: readonly ProduceArgs[],
  options: Omit<WorkerGroup, "module" | "argsOfEach"> = {},
): WorkerGroup {
  return { module: new URL("./workers/produce.js", import.meta.url).href, argsOfEach: args, ...options };
}

export function consumers(
  count: number,
  args: ConsumeArgs,
  options: Omit<ConsumerGroup, "module" | "args" | "count"> = {},
): ConsumerGroup {
  return { module: new URL("./workers/consume.js", import.meta.url).href, count, args, ...options };
}
