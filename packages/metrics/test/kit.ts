/** What the tests share: a reader that collects when it is told to, and what it collected in a form that a test can compare. */

import type { Attributes, Meter } from "@opentelemetry/api";
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { onTestFinished } from "vitest";
import type { MetricDefinition } from "../dist/index.js";

export function worker(name: string): URL {
  return new URL(`./workers/${name}.mjs`, import.meta.url);
}

/** One value that was collected; of a histogram its count and sum. */
export interface Collected {
  readonly scope: string;
  readonly name: string;
  readonly unit: string;
  readonly instrument: MetricDefinition["instrument"];
  readonly attributes: Attributes;
  readonly value: number;
  readonly sum: number | undefined;
}

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Collector {
  readonly provider: MeterProvider;
  readonly meter: Meter;
  /** Everything there is now. Fails where a callback of the collection failed. */
  collect(): Promise<Collected[]>;
}

export function collector(): Collector {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  return {
    provider,
    meter: provider.getMeter("test"),
    async collect() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors, `The collection failed: ${errors.join("; ")}`);
      return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
        metrics.flatMap(({ descriptor, dataPointType, dataPoints, ...rest }) => {
          const isMonotonic = "isMonotonic" in rest && rest.isMonotonic;
          return (dataPoints as DataPoint<number | Histogram>[]).map(({ attributes, value }): Collected => {
            return {
              scope: `${scope.name}@${scope.version ?? ""}`,
              name: descriptor.name,
              unit: descriptor.unit,
              instrument: instrumentOf(dataPointType, isMonotonic),
              attributes,
              value: typeof value === "number" ? value : value.count,
              sum: typeof value === "number" ? undefined : value.sum,
            };
          });
        }),
      );
    },
  };
}

function instrumentOf(type: DataPointType, isMonotonic: boolean): MetricDefinition["instrument"] {
  if (type === DataPointType.HISTOGRAM) return "histogram";
  if (type === DataPointType.GAUGE) return "gauge";
  return isMonotonic ? "counter" : "up-down counter";
}

/** The sum of all values of a metric that have these attributes; undefined where there is none. */
export function sumOf(
  collected: readonly Collected[],
  { name }: MetricDefinition,
  attributes: Attributes = {},
  what: "value" | "sum" = "value",
): number | undefined {
  const meant = collected.filter(
    (one) =>
      one.name === name && Object.entries(attributes).every(([key, value]) => one.attributes[key] === value),
  );
  return meant.length === 0 ? undefined : meant.reduce((sum, one) => sum + (one[what] ?? Number.NaN), 0);
}

/** How a collected metric differs from what the list says of it: its instrument, its unit, the keys of its attributes. */
export function differences(collected: readonly Collected[], list: readonly MetricDefinition[]): string[] {
  return collected.flatMap(({ name, unit, instrument, attributes }) => {
    const listed = list.find((definition) => definition.name === name);
    if (listed === undefined) return [`${name} is not in the list`];
    const as = (of: { instrument: string; unit: string }, keys: readonly string[]) =>
      `${of.instrument} in ${of.unit} by ${[...keys].sort().join(", ")}`;
    const seen = as({ instrument, unit }, Object.keys(attributes));
    const expected = as(listed, listed.attributes);
    return seen === expected ? [] : [`${name}: expected ${expected}, got ${seen}`];
  });
}
