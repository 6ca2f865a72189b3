/** How the cost of an item grows: a block for each thing that grows, a row for each candidate, a column for each size. */

import { failuresIn, figureIn, otherFigureIn } from "./figures.js";
import { aligned, showUs } from "./format.js";
import { growthOf } from "./growth.js";
import { partsOf, type Results, type SeriesInfo, type TableInfo } from "./results.js";

export function growthTable(results: Results, table: TableInfo): string {
  return table.series.map((series) => block(results, table, series)).join("\n\n");
}

/** The cost of an item at a size, in microseconds: of time, or of the processors of all processes. */
export function costsIn(
  results: Results,
  series: SeriesInfo,
  candidate: string,
  kind: "time" | "CPU",
): { readonly size: number; readonly cost: number; readonly min: number; readonly max: number }[] {
  return series.points.flatMap(({ size, work }) => {
    const spread =
      kind === "CPU"
        ? otherFigureIn(results, "cpuUsPerItem", work, candidate)
        : inverse(figureIn(results, work, candidate));
    return spread === undefined ? [] : [{ size, cost: spread.median, min: spread.min, max: spread.max }];
  });
}

function inverse(rate: ReturnType<typeof figureIn>): typeof rate {
  return rate && { median: 1e6 / rate.median, min: 1e6 / rate.max, max: 1e6 / rate.min };
}

/** Runs of any of its sizes that were not valid, in words. */
export function growthFailuresIn(
  results: Results,
  series: SeriesInfo,
  candidates: readonly string[],
): string[] {
  return candidates.flatMap((name) =>
    series.points.flatMap(({ work }) =>
      failuresIn(results, work, name).map((failure) => `${name}, ${work}, ${failure}`),
    ),
  );
}

function block(results: Results, table: TableInfo, series: SeriesInfo): string {
  const sizes = series.points.map(({ size }) => size.toLocaleString("en-US"));
  const head = ["", "an item takes", ...sizes, ""];
  const names = partsOf(results, table).candidates.map(({ name }) => name);
  const rows = names.flatMap((name) =>
    (["time", "CPU"] as const).map((kind) => {
      const costs = costsIn(results, series, name, kind);
      const cells = series.points.map(({ size }) => costs.find((cost) => cost.size === size)?.cost);
      const shown = cells.map((cost) => (cost === undefined ? "-" : showUs(cost)));
      return [kind === "time" ? name : "", kind, ...shown, growthOf(costs) ?? "-"];
    }),
  );
  const failures = growthFailuresIn(results, series, names).map((failure) => `  FAILED: ${failure}`);
  return [`As there are more: ${series.title}`, ...aligned([head, ...rows], 2), ...failures].join("\n");
}
