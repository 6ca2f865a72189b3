/** The published page: charts and tables, made of the results alone, in one file that loads nothing. */

import { failuresIn, figureIn, isOneAtATime } from "../figures.js";
import { BOUNDS, showCount, showUs } from "../format.js";
import { gatesText } from "../gates.js";
import { growthOf } from "../growth.js";
import { costsIn, growthFailuresIn } from "../growth-table.js";
import { type CandidateInfo, partsOf, type Results, type SeriesInfo, type TableInfo } from "../results.js";
import { tables as tablesText } from "../table.js";
import type { Work } from "../works.js";
import { type Bar, barChart } from "./bars.js";
import { element, escaped } from "./html.js";
import { type Line, lineChart } from "./lines.js";

const STYLE = `
:root { color-scheme: light dark; --text: #1a1a1a; --soft: #6b6b6b; --grid: #d9d9d9; --ours: #0072b2; --peer: #b3b3b3; --back: #fff }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --soft: #9a9a9a; --grid: #3a3a3a; --ours: #56b4e9; --peer: #666; --back: #161616 }
}
body { color: var(--text); background: var(--back); font: 16px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em }
h2 { margin-top: 2.5em } h3 { margin-bottom: 0.3em; font-size: 1em }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--text) } svg .label { text-anchor: end } svg .tick { text-anchor: middle; fill: var(--soft) }
svg .grid { stroke: var(--grid) } svg .range { stroke: var(--text) } svg .ours { fill: var(--ours) } svg .peer { fill: var(--peer) }
pre { overflow-x: auto; font-size: 12px } dt { font-weight: 600 } .note { color: var(--soft) }
`;

/** @param json - the path from the page to the file that has the raw results, where there is one. */
export function page(results: Results, json: string | undefined): string {
  const { machine, rounds, candidates, leftOut, tables } = results;
  const title = `Sluice: benchmarks of ${machine.date.slice(0, 10)}`;
  const raw = json === undefined ? "" : ` Raw results: <a href="${escaped(json)}">${escaped(json)}</a>.`;
  const body = [
    element("h1", {}, escaped(title)),
    element("p", {}, escaped(machineText(results))),
    element(
      "p",
      {},
      `Only ratios of one run mean something: on another machine every figure is another. Bars are medians of ${rounds} rounds,` +
        ` the thin lines go from the smallest to the largest, and axes are logarithmic. Ours are in colour.${raw}`,
    ),
    ...tables.map((table) => section(results, table)),
    element("h2", {}, "Speed gates"),
    element("pre", {}, escaped(gatesText(results))),
    element("h2", {}, "What was measured"),
    element("dl", {}, ...candidates.map(description)),
    ...leftOut.map(({ name, why }) => element("p", { class: "note" }, escaped(`Left out: ${name}: ${why}`))),
    element("h2", {}, "All figures"),
    element("pre", {}, escaped(tablesText(results))),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body.join("\n")}
</body>
</html>
`;
}

function machineText({ machine }: Results): string {
  const { cores, cpu, system, architecture, node, fileSystem, memoryBytes, date } = machine;
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
  return `${cores} x ${cpu}, ${memory}, ${system} ${architecture}, Node ${node}, buffers on ${fileSystem}; begun ${date}.`;
}

function description({ name, about, version, bound }: CandidateInfo): string {
  const made = version === undefined ? "" : ` (${version})`;
  return (
    element("dt", {}, escaped(name)) + element("dd", {}, escaped(`${about}${made}. Bound: ${BOUNDS[bound]}.`))
  );
}

function section(results: Results, table: TableInfo): string {
  const { works, candidates } = partsOf(results, table);
  const charts =
    table.series.length > 0
      ? table.series.map((series) => growthChart(results, table, series))
      : works.map((work) => workChart(results, candidates, work));
  return [element("h2", {}, escaped(table.title)), ...charts].join("\n");
}

function workChart(results: Results, candidates: readonly CandidateInfo[], work: Work): string {
  const isRoundTrip = work.kind === "round-trip";
  const bars = candidates.flatMap((candidate): Bar[] => {
    const spread = figureIn(results, work.name, candidate.name);
    if (spread === undefined) return [];
    const marks = [
      ...(candidate.bound === "strict" ? [] : [BOUNDS[candidate.bound]]),
      ...(isOneAtATime(candidate, work) ? ["one at a time"] : []),
    ];
    const label = marks.length === 0 ? candidate.name : `${candidate.name} (${marks.join(", ")})`;
    return [{ label, kind: candidate.isOurs ? "ours" : "peer", ...spread }];
  });
  const best = isRoundTrip ? 1 : -1;
  bars.sort((a, b) => best * (a.median - b.median));
  const unit = isRoundTrip ? "median round trip, less is better" : "items a second, more is better";
  const heading = element("h3", {}, escaped(`${work.title}: ${unit}`));
  const failures = candidates.flatMap(({ name }) =>
    failuresIn(results, work.name, name).map((failure) => failed(`${name}, ${failure}`)),
  );
  if (bars.length === 0) return heading + failures.join("");
  return heading + barChart(work.title, bars, isRoundTrip ? showUs : showCount) + failures.join("");
}

function growthChart(results: Results, table: TableInfo, series: SeriesInfo): string {
  const kinds = ["time", "CPU"] as const;
  const charts = kinds.map((kind) => {
    const lines = table.candidates.flatMap((label): Line[] => {
      const points = costsIn(results, series, label, kind);
      return points.length === 0 ? [] : [{ label: `${label}: ${growthOf(points) ?? "-"}`, points }];
    });
    const title = `${kind === "time" ? "Time" : "Processor time"} of an item by ${series.title}`;
    if (lines.length === 0) return "";
    return element("h3", {}, escaped(title)) + lineChart(title, lines, showUs);
  });
  const failures = growthFailuresIn(results, series, table.candidates).map(failed);
  return charts.join("") + failures.join("");
}

function failed(what: string): string {
  return element("p", {}, escaped(`FAILED: ${what}`));
}
