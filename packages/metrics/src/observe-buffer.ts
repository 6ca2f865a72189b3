/** What a buffer counts, as OpenTelemetry metrics, asked when the reader collects and at no other time. */

import type { Attributes, BatchObservableCallback, Meter, Observable } from "@opentelemetry/api";
import { type BoundedBuffer, type BufferCounts, checkOptions, isBufferError, wrongType } from "@sluice/core";
import { defaultMeter } from "./default-meter.js";
import {
  BUFFER_METRICS,
  BUFFER_NAME,
  BUFFER_TRANSPORT,
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
 * Observes `BUFFER_METRICS`: one call of `counts()` for each collection of a reader. What the buffer counts holds for all processes:
 * observe it in one of them.
 *
 * A collection in which the buffer does not answer (busy, or its broker is away) has no values of it, and goes on. When the
 * buffer is destroyed, or this handle closed, the observation ends by itself.
 *
 * @returns the function that ends it. Idempotent.
 * @throws BufferError `CAPABILITY_MISSING` where no meter is given and `@opentelemetry/api` is not installed; TypeError
 * `INVALID_ARGUMENT`.
 */
export function observeBuffer(buffer: ObservedBuffer, options: ObserveBufferOptions): () => void {
  checkOptions("the options of observeBuffer", options, ["name", "meter", "attributes"]);
  const { name, attributes, meter = defaultMeter() } = options ?? {};
  if (typeof name !== "string" || name === "") throw wrongType("`name`", "a string that is not empty", name);
  const of = { ...attributes, [BUFFER_NAME]: name, [BUFFER_TRANSPORT]: buffer.transport };
  const values = valuesOf(meter, of, buffer.spec.capacity);
  const instruments = values.map(({ instrument }) => instrument);

  const collect: BatchObservableCallback = async (result) => {
    let counts: BufferCounts;
    try {
      counts = await buffer.counts();
    } catch (error) {
      // Nothing of this buffer this time, and everything of the others.
      if (isBufferError(error, "BUFFER_DESTROYED") || isBufferError(error, "HANDLE_CLOSED")) end();
      return;
    }
    for (const { instrument, attributes, value } of values)
      result.observe(instrument, value(counts), attributes);
  };
  const end = () => meter.removeBatchObservableCallback(collect, instruments);
  meter.addBatchObservableCallback(collect, instruments);
  return end;
}

/** One value of one instrument, with its attributes, which are made once. */
interface Value {
  readonly instrument: Observable;
  readonly attributes: Attributes;
  readonly value: (counts: BufferCounts) => number;
}

function valuesOf(meter: Meter, of: Attributes, capacity: number): Value[] {
  const upDownCounter = ({ name, unit, description }: MetricDefinition) =>
    meter.createObservableUpDownCounter(name, { unit, description });
  const counter = ({ name, unit, description }: MetricDefinition) =>
    meter.createObservableCounter(name, { unit, description });
  const usage = upDownCounter(BUFFER_METRICS.usage);
  const waiting = upDownCounter(BUFFER_METRICS.waiting);
  const { name, unit, description } = BUFFER_METRICS.utilization;
  return [
    ...(["ready", "leased", "parked"] as const).map((state) => ({
      instrument: usage,
      attributes: { ...of, [ITEM_STATE]: state },
      value: (counts: BufferCounts) => counts[state],
    })),
    { instrument: upDownCounter(BUFFER_METRICS.limit), attributes: of, value: () => capacity },
    {
      instrument: meter.createObservableGauge(name, { unit, description }),
      attributes: of,
      value: ({ ready, leased, parked }) => (ready + leased + parked) / capacity,
    },
    { instrument: upDownCounter(BUFFER_METRICS.dead), attributes: of, value: ({ dead }) => dead },
    {
      instrument: waiting,
      attributes: { ...of, [ROLE]: "producer" },
      value: ({ waitingProducers }) => waitingProducers,
    },
    {
      instrument: waiting,
      attributes: { ...of, [ROLE]: "consumer" },
      value: ({ waitingConsumers }) => waitingConsumers,
    },
    ...(["produced", "consumed", "discarded"] as const).map((what) => ({
      instrument: counter(BUFFER_METRICS[what]),
      attributes: of,
      value: (counts: BufferCounts) => counts[what],
    })),
  ];
}
