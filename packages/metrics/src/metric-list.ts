/**
 * Every metric with its meaning, by the naming rules of OpenTelemetry's semantic conventions: what can be added up is one
 * instrument with an attribute, a number of things that are there now is an up-down counter in the singular, times are in seconds.
 */

/** One metric. */
export interface MetricDefinition {
  readonly name: string;
  readonly instrument: "counter" | "up-down counter" | "histogram" | "gauge";
  /** In the notation of UCUM. */
  readonly unit: string;
  readonly description: string;
  /** Keys of the attributes that it has besides those that the program gives. */
  readonly attributes: readonly string[];
}

/** `producer` or `consumer`. */
export const ROLE = "sluice.role";
/** `full` or `empty`. */
export const BECAUSE = "sluice.wait.because";
/** `ready`, `leased` or `parked`. */
export const ITEM_STATE = "sluice.item.state";
/** The code of an error, or else its name. A standard attribute. */
export const ERROR_TYPE = "error.type";
/** What the program calls the buffer. */
export const BUFFER_NAME = "sluice.buffer.name";
/** `file`, `zeromq`, … */
export const BUFFER_TRANSPORT = "sluice.buffer.transport";

type RunMetric =
  | "produced"
  | "consumed"
  | "nacked"
  | "waits"
  | "waiting"
  | "waitDuration"
  | "workers"
  | "failures"
  | "restarts";

/** What `observeRun` records. */
export const RUN_METRICS: Readonly<Record<RunMetric, MetricDefinition>> = {
  produced: {
    name: "sluice.items.produced",
    instrument: "counter",
    unit: "{item}",
    description: "Puts of the run's workers that were accepted",
    attributes: [],
  },
  consumed: {
    name: "sluice.items.consumed",
    instrument: "counter",
    unit: "{item}",
    description: "Acks of the run's workers that were confirmed",
    attributes: [],
  },
  nacked: {
    name: "sluice.items.nacked",
    instrument: "counter",
    unit: "{item}",
    description: "Items that went back because their handler threw, or took too long",
    attributes: [],
  },
  waits: {
    name: "sluice.waits",
    instrument: "counter",
    unit: "{wait}",
    description: "How often a worker met the full or the empty buffer, and waited long enough to tell",
    attributes: [BECAUSE],
  },
  waiting: {
    name: "sluice.worker.waiting.count",
    instrument: "up-down counter",
    unit: "{worker}",
    description: "Workers that wait now",
    attributes: [BECAUSE],
  },
  waitDuration: {
    name: "sluice.wait.duration",
    instrument: "histogram",
    unit: "s",
    description: "How long those waits were that are over",
    attributes: [BECAUSE],
  },
  workers: {
    name: "sluice.worker.count",
    instrument: "up-down counter",
    unit: "{worker}",
    description: "Workers that are alive now",
    attributes: [ROLE],
  },
  failures: {
    name: "sluice.worker.failures",
    instrument: "counter",
    unit: "{failure}",
    description: "Workers that crashed, or could not be started",
    attributes: [ROLE, ERROR_TYPE],
  },
  restarts: {
    name: "sluice.worker.restarts",
    instrument: "counter",
    unit: "{restart}",
    description: "Workers that were started again",
    attributes: [ROLE],
  },
};

type BufferMetric =
  | "usage"
  | "limit"
  | "utilization"
  | "dead"
  | "waiters"
  | "produced"
  | "consumed"
  | "discarded"
  | "failures";

const OF_BUFFER = [BUFFER_NAME, BUFFER_TRANSPORT];

/** What `observeBuffer` observes: as the buffer itself counts, for all processes. */
export const BUFFER_METRICS: Readonly<Record<BufferMetric, MetricDefinition>> = {
  usage: {
    name: "sluice.buffer.usage",
    instrument: "up-down counter",
    unit: "{item}",
    description: "Slots that are taken now; together never more than the limit",
    attributes: [...OF_BUFFER, ITEM_STATE],
  },
  limit: {
    name: "sluice.buffer.limit",
    instrument: "up-down counter",
    unit: "{item}",
    description: "The capacity",
    attributes: OF_BUFFER,
  },
  utilization: {
    name: "sluice.buffer.utilization",
    instrument: "gauge",
    unit: "1",
    description: "The part of the capacity that is taken, from 0 to 1",
    attributes: OF_BUFFER,
  },
  dead: {
    name: "sluice.buffer.dead_letter.count",
    instrument: "up-down counter",
    unit: "{item}",
    description: "Dead letters in their list now",
    attributes: OF_BUFFER,
  },
  waiters: {
    name: "sluice.buffer.waiter.count",
    instrument: "up-down counter",
    unit: "{waiter}",
    description: "Producers that wait for room now, and consumers that wait for an item",
    attributes: [...OF_BUFFER, ROLE],
  },
  produced: {
    name: "sluice.buffer.items.produced",
    instrument: "counter",
    unit: "{item}",
    description: "Items ever accepted",
    attributes: OF_BUFFER,
  },
  consumed: {
    name: "sluice.buffer.items.consumed",
    instrument: "counter",
    unit: "{item}",
    description: "Plain takes and acks, ever",
    attributes: OF_BUFFER,
  },
  discarded: {
    name: "sluice.buffer.items.discarded",
    instrument: "counter",
    unit: "{item}",
    description: "Items ever discarded by a seal, and dead letters that were removed",
    attributes: OF_BUFFER,
  },
  failures: {
    name: "sluice.buffer.collection.failures",
    instrument: "counter",
    unit: "{failure}",
    description: "Collections in which the buffer did not answer: its other values are old ones",
    attributes: [...OF_BUFFER, ERROR_TYPE],
  },
};
