/** The results as a person reads them: a block for each work, a row for each candidate. */

import type { Candidate } from "./candidate.js";
import { figureOf, type Run } from "./measure.js";
import { type Spread, spreadOf } from "./statistics.js";
import type { Work } from "./works.js";

/** @param baseline - name of the candidate whose figures the ratios are against. */
export function table(
  works: readonly Work[],
  candidates: readonly Candidate[],
  runs: readonly Run[],
  baseline: string,
): string {
  const blocks = works.map((work) => {
    const isRoundTrip = work.kind === "round-trip";
    const head = isRoundTrip
      ? ["", "p50", "min - max", "p99", `faster than ${baseline} by`]
      : ["", "items/s", "min - max", "", `ratio to ${baseline}`];
    const ofBaseline = summary(work, baseline, runs);
    const rows = candidates.map(({ name, hasBatches }) => {
      const label = work.batch > 1 && !hasBatches ? `${name} (one at a time)` : name;
      const own = summary(work, name, runs);
      if (own.spread === undefined) return [label, "failed", "", "", ""];
      const show = isRoundTrip ? showUs : showRate;
      const { median, min, max } = own.spread;
      const other = ofBaseline.spread?.median;
      const ratio = other === undefined ? "-" : showRatio(isRoundTrip ? other / median : median / other);
      const p99 = own.p99 === undefined ? "" : showUs(own.p99.median);
      return [label, show(median), `${show(min)} - ${show(max)}`, p99, ratio];
    });
    const failures = candidates.flatMap(({ name }) => failureLines(work, name, runs));
    return [work.title, ...aligned([head, ...rows]), ...failures].join("\n");
  });
  return blocks.join("\n\n");
}

interface Summary {
  readonly spread: Spread | undefined;
  readonly p99: Spread | undefined;
}

function summary(work: Work, candidate: string, runs: readonly Run[]): Summary {
  const outcomes = runs
    .filter((run) => run.work === work.name && run.candidate === candidate)
    .map(({ outcome }) => outcome);
  const p99 = outcomes.flatMap((outcome) => (outcome.isValid && "p99Us" in outcome ? [outcome.p99Us] : []));
  return {
    spread: spreadOf(outcomes.flatMap((outcome) => figureOf(work, outcome) ?? [])),
    p99: spreadOf(p99),
  };
}

function failureLines(work: Work, candidate: string, runs: readonly Run[]): string[] {
  return runs.flatMap((run) =>
    run.work === work.name && run.candidate === candidate && !run.outcome.isValid
      ? [`  FAILED: ${candidate}, round ${run.round}: ${run.outcome.reason}`]
      : [],
  );
}

// The first column to the left, figures to the right.
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join("   ").trimEnd()}`;
  });
}

function showRate(rate: number): string {
  return Number(rate.toPrecision(3)).toLocaleString("en-US");
}

function showUs(us: number): string {
  return us < 1000 ? `${Number(us.toPrecision(3))} us` : `${Number((us / 1000).toPrecision(3))} ms`;
}

function showRatio(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString("en-US");
}
