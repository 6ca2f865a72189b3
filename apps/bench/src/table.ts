/** The results as a person reads them: a block for each work, a row for each candidate. */

import { type FigureName, failuresIn, figureIn, isMeasured, isOneAtATime, otherFigureIn } from "./figures.js";
import { aligned, BOUNDS, showCount, showMiB, showRatio, showUs } from "./format.js";
import { growthTable } from "./growth-table.js";
import type { Ratio } from "./plan.js";
import { type CandidateInfo, partsOf, type Results, type TableInfo } from "./results.js";
import type { Work } from "./works.js";

/** All tables, with a title each where there are several. */
export function tables(results: Results): string {
  const { tables: all } = results;
  return all
    .map((table) => {
      const text = table.series.length > 0 ? growthTable(results, table) : blocks(results, table);
      return all.length === 1 ? text : `${table.title}\n${"=".repeat(table.title.length)}\n\n${text}`;
    })
    .join("\n\n\n");
}

function blocks(results: Results, table: TableInfo): string {
  const { works, candidates } = partsOf(results, table);
  return works.map((work) => block(results, work, candidates, table.ratio)).join("\n\n");
}

function block(results: Results, work: Work, candidates: readonly CandidateInfo[], ratio: Ratio): string {
  const isRoundTrip = work.kind === "round-trip";
  const figures = isRoundTrip ? ["p50", "min - max"] : ["items/s", "min - max"];
  const columns = COLUMNS.filter(({ key }) =>
    candidates.some(({ name }) => otherFigureIn(results, key, work.name, name) !== undefined),
  );
  const head = ["", "bound", ...figures, ...columns.map(({ title }) => title), headOf(ratio, isRoundTrip)];
  const ofNamed = figureIn(results, work.name, ratio.name)?.median;
  const show = isRoundTrip ? showUs : showCount;
  const rows = candidates.map((candidate) => {
    const { name, bound } = candidate;
    const label = [isOneAtATime(candidate, work) ? `${name} (one at a time)` : name, BOUNDS[bound]];
    const spread = figureIn(results, work.name, name);
    if (spread === undefined) {
      const none = head.slice(label.length + 1).map(() => "");
      return [...label, isMeasured(results, work.name, name) ? "failed" : "-", ...none];
    }
    const { median, min, max } = spread;
    const others = columns.map((column) => {
      const value = otherFigureIn(results, column.key, work.name, name)?.median;
      return value === undefined ? "" : column.show(value);
    });
    const times = ofNamed === undefined ? "-" : showRatio(timesOf(ratio, isRoundTrip, median, ofNamed));
    return [...label, show(median), `${show(min)} - ${show(max)}`, ...others, times];
  });
  const failures = candidates.flatMap(({ name }) =>
    failuresIn(results, work.name, name).map((failure) => `  FAILED: ${name}, ${failure}`),
  );
  return [work.title, ...aligned([head, ...rows], LEFT_COLUMNS), ...failures].join("\n");
}

const LEFT_COLUMNS = 2;

interface Column {
  readonly key: FigureName;
  readonly title: string;
  show(value: number): string;
}

// Shown where any candidate has them; of an item, or of a round trip.
const COLUMNS: readonly Column[] = [
  { key: "p99Us", title: "p99", show: showUs },
  { key: "p999Us", title: "p99.9", show: showUs },
  { key: "cpuUsPerItem", title: "CPU", show: showUs },
  { key: "serverCpuUsPerItem", title: "server CPU", show: showUs },
  { key: "wakeUpsPerItem", title: "wake-ups", show: showCount },
  { key: "systemCallsPerItem", title: "system calls", show: showCount },
  { key: "messagesPerItem", title: "messages", show: showCount },
  { key: "peakBytes", title: "memory", show: showMiB },
];

function headOf({ kind, name }: Ratio, isRoundTrip: boolean): string {
  if (kind === "lead") return `${name} is ahead by`;
  return isRoundTrip ? `faster than ${name} by` : `ratio to ${name}`;
}

// Of a round trip less is more.
function timesOf({ kind }: Ratio, isRoundTrip: boolean, own: number, named: number): number {
  return (kind === "lead") === isRoundTrip ? own / named : named / own;
}
