/** The results as a person reads them: a block for each work, a row for each candidate. */

import type { Bound, Candidate } from "./candidate.js";
import { figureOf, type Run } from "./measure.js";
import { type Spread, spreadOf } from "./statistics.js";
import type { Work } from "./works.js";

/** The last column: how many times the named one each is (`against`), or the named one is each (`lead`). */
export interface Ratio {
  readonly kind: "against" | "lead";
  readonly name: string;
}

const BOUNDS: Readonly<Record<Bound, string>> = {
  strict: "strict",
  loose: "not strict",
  none: "no bound",
};

export function table(
  works: readonly Work[],
  candidates: readonly Candidate[],
  runs: readonly Run[],
  ratio: Ratio,
): string {
  const blocks = works.map((work) => {
    const isRoundTrip = work.kind === "round-trip";
    const head = ["", "bound", ...(isRoundTrip ? ["p50", "min - max", "p99"] : ["items/s", "min - max", ""])];
    head.push(headOf(ratio, isRoundTrip));
    const ofNamed = summary(work, ratio.name, runs).spread?.median;
    const rows = candidates.map((candidate) => {
      const { name, hasBatches, bound } = candidate;
      const label = [work.batch > 1 && !hasBatches ? `${name} (one at a time)` : name, BOUNDS[bound]];
      if (candidate.unsuited?.(work) !== undefined) return [...label, "-", "", "", ""];
      const own = summary(work, name, runs);
      if (own.spread === undefined) return [...label, "failed", "", "", ""];
      const show = isRoundTrip ? showUs : showRate;
      const { median, min, max } = own.spread;
      const p99 = own.p99 === undefined ? "" : showUs(own.p99.median);
      const times = ofNamed === undefined ? "-" : showRatio(timesOf(ratio, isRoundTrip, median, ofNamed));
      return [...label, show(median), `${show(min)} - ${show(max)}`, p99, times];
    });
    const failures = candidates.flatMap(({ name }) => failureLines(work, name, runs));
    return [work.title, ...aligned([head, ...rows]), ...failures].join("\n");
  });
  return blocks.join("\n\n");
}

function headOf({ kind, name }: Ratio, isRoundTrip: boolean): string {
  if (kind === "lead") return `${name} is ahead by`;
  return isRoundTrip ? `faster than ${name} by` : `ratio to ${name}`;
}

// Of a round trip less is more.
function timesOf({ kind }: Ratio, isRoundTrip: boolean, own: number, named: number): number {
  return (kind === "lead") === isRoundTrip ? own / named : named / own;
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

const LEFT_COLUMNS = 2;

// Words to the left, figures to the right.
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column < LEFT_COLUMNS ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
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
  if (ratio < 0.95) return ratio.toPrecision(2);
  return ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString("en-US");
}
