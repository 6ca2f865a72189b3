/** What a buffer counts, as OpenTelemetry metrics, asked when the reader collects and at no other time. */

import type { Attributes, BatchObservableCallback, Meter, Observable } from "@opentelemetry/api";
import { type BoundedBuffer, type BufferCounts, checkOptions, isBufferError, wrongType } from "@sluice/core";
import { defaultMeter } from "./default-meter.js";
import {
  BUFFER_METRICS,
  BUFFER_NAME,
  BUFFER_TRANSPORT,
  ERROR_TYPE,
  ITEM_STATE,
  type MetricDefinition,
  ROLE,
} from "./metric-list.js";

/** Of `observeBuffer`. */
export interface ObserveBufferOptions {
  /** What the buffer is called on a dashboard: the attribute `sluice.buffer.name`. */
  readonly name: string;
  /** Default: the one of the global meter provider, which must be set before. */
  readonly meter?: Meter | undefined;
  /** Go with every value. */
  readonly attributes?: Attributes | undefined;
}

/** What `observeBuffer` needs of a buffer. */
export type ObservedBuffer = Pick<BoundedBuffer<unknown>, "counts" | "spec" | "transport">;

/**
 * Observes `BUFFER_METRICS`: one call of `counts()` for each collection of a reader. What a buffer counts holds for all processes:
 * observe it in one of them.
 *
 * A collection in which the buffer does not answer (its lock is held by a stopped process, its broker is away) goes on without it,
 * and is counted. When the buffer is destroyed, or this handle closed, the observation ends by itself.
 *
 * @returns the function that ends it, at the next collection: that shows once more that nothing is there, for a reader may repeat
 * the last value for ever. Idempotent.
 * @throws BufferError `CAPABILITY_MISSING` where no meter is given and `@opentelemetry/api` is not installed; TypeError
 * `INVALID_ARGUMENT`.
 */
export function observeBuffer(buffer: ObservedBuffer, options: ObserveBufferOptions): () => void {
  checkOptions("the options of observeBuffer", options, ["name", "meter", "attributes"]);
  const { name, attributes: given, meter = defaultMeter() } = options ?? {};
  if (typeof name !== "string" || name === "") throw wrongType("`name`", "a string that is not empty", name);
  const own = { ...given, [BUFFER_NAME]: name, [BUFFER_TRANSPORT]: buffer.transport };
  const { unit, description, ...failed } = BUFFER_METRICS.failures;
  const failures = meter.createCounter(failed.name, { unit, description });
  const values = valuesOf(meter, own, buffer.spec.capacity);
  const instruments = values.map(({ instrument }) => instrument);
  let hasShown = false;
  let hasEnded = false;

  const collect: BatchObservableCallback = async (result) => {
    const counts = hasEnded ? undefined : await answer();
    if (hasEnded) {
      stop();
      for (const { instrument, attributes, isNow } of values)
        if (isNow) result.observe(instrument, 0, attributes);
    } else if (counts !== undefined) {
      hasShown = true;
      for (const { instrument, attributes, value } of values)
        result.observe(instrument, value(counts), attributes);
    }
  };
  const answer = async (): Promise<BufferCounts | undefined> => {
    try {
      return await buffer.counts();
    } catch (error) {
      if (isBufferError(error, "BUFFER_DESTROYED") || isBufferError(error, "HANDLE_CLOSED")) hasEnded = true;
      else failures.add(1, { ...own, [ERROR_TYPE]: errorType(error) });
      return undefined;
    }
  };
  const stop = () => meter.removeBatchObservableCallback(collect, instruments);
  meter.addBatchObservableCallback(collect, instruments);
  return () => {
    hasEnded = true;
    if (!hasShown) stop();
  };
}

/** One value of one instrument, with its attributes, which are made once. */
interface Value {
  readonly instrument: Observable;
  readonly attributes: Attributes;
  readonly value: (counts: BufferCounts) => number;
  /** It says what is there, not what has ever been. */
  readonly isNow: boolean;
}

function valuesOf(meter: Meter, own: Attributes, capacity: number): Value[] {
  const upDownCounter = ({ name, unit, description }: MetricDefinition) =>
    meter.createObservableUpDownCounter(name, { unit, description });
  const counter = ({ name, unit, description }: MetricDefinition) =>
    meter.createObservableCounter(name, { unit, description });
  const gauge = ({ name, unit, description }: MetricDefinition) =>
    meter.createObservableGauge(name, { unit, description });
  const now = (instrument: Observable, value: Value["value"], more: Attributes = {}): Value => ({
    instrument,
    attributes: { ...own, ...more },
    value,
    isNow: true,
  });
  const ever = (what: "produced" | "consumed" | "discarded"): Value => ({
    instrument: counter(BUFFER_METRICS[what]),
    attributes: own,
    value: (counts) => counts[what],
    isNow: false,
  });
  const usage = upDownCounter(BUFFER_METRICS.usage);
  const waiters = upDownCounter(BUFFER_METRICS.waiters);
  return [
    now(usage, ({ ready }) => ready, { [ITEM_STATE]: "ready" }),
    now(usage, ({ leased }) => leased, { [ITEM_STATE]: "leased" }),
    now(usage, ({ parked }) => parked, { [ITEM_STATE]: "parked" }),
    now(upDownCounter(BUFFER_METRICS.limit), () => capacity),
    now(
      gauge(BUFFER_METRICS.utilization),
      ({ ready, leased, parked }) => (ready + leased + parked) / capacity,
    ),
    now(upDownCounter(BUFFER_METRICS.dead), ({ dead }) => dead),
    now(waiters, ({ waitingProducers }) => waitingProducers, { [ROLE]: "producer" }),
    now(waiters, ({ waitingConsumers }) => waitingConsumers, { [ROLE]: "consumer" }),
    ever("produced"),
    ever("consumed"),
    ever("discarded"),
  ];
}

function errorType(error: unknown): string {
  return isBufferError(error) ? error.code : error instanceof Error ? error.name : "unknown";
}
