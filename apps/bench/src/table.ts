/** The results as a person reads them: a block for each work, a row for each candidate. */

import type { Bound, Candidate } from "./candidate.js";
import { figureOf, type Run } from "./measure.js";
import type { Outcome } from "./run-once.js";
import type { UsagePerItem } from "./server-usage.js";
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
    const usage = USAGE_COLUMNS.filter((column) =>
      candidates.some(({ name }) => usageIn(column, work, name, runs) !== undefined),
    );
    head.push(...usage.map(({ title }) => title), headOf(ratio, isRoundTrip));
    const ofNamed = summary(work, ratio.name, runs).spread?.median;
    const rows = candidates.map((candidate) => {
      const { name, bound } = candidate;
      const label = [isOneAtATime(candidate, work) ? `${name} (one at a time)` : name, BOUNDS[bound]];
      const none = ["", "", "", ...usage.map(() => "")];
      if (candidate.unsuited?.(work) !== undefined) return [...label, "-", ...none];
      const own = summary(work, name, runs);
      if (own.spread === undefined) return [...label, "failed", ...none];
      const show = isRoundTrip ? showUs : showRate;
      const { median, min, max } = own.spread;
      const p99 = own.p99 === undefined ? "" : showUs(own.p99.median);
      const times = ofNamed === undefined ? "-" : showRatio(timesOf(ratio, isRoundTrip, median, ofNamed));
      const used = usage.map((column) => {
        const value = usageIn(column, work, name, runs)?.median;
        return value === undefined ? "" : column.show(value);
      });
      return [...label, show(median), `${show(min)} - ${show(max)}`, p99, ...used, times];
    });
    const failures = candidates.flatMap(({ name }) => failureLines(work, name, runs));
    return [work.title, ...aligned([head, ...rows]), ...failures].join("\n");
  });
  return blocks.join("\n\n");
}

// A work that asks for more than the candidate has.
function isOneAtATime({ hasBatches, mayOverlap }: Candidate, { batch, outstanding }: Work): boolean {
  return (batch > 1 && !hasBatches) || (outstanding > 1 && mayOverlap !== true);
}

interface UsageColumn {
  readonly key: keyof UsagePerItem;
  readonly title: string;
  show(value: number): string;
}

// Shown where any candidate reports them.
const USAGE_COLUMNS: readonly UsageColumn[] = [
  { key: "serverCpuUsPerItem", title: "server CPU an item", show: showUs },
  { key: "messagesPerItem", title: "messages an item", show: (count) => `${Number(count.toPrecision(3))}` },
];

function usageIn({ key }: UsageColumn, work: Work, name: string, runs: readonly Run[]): Spread | undefined {
  return spreadOf(
    outcomesOf(work, name, runs).flatMap((outcome) => (outcome.isValid ? (outcome[key] ?? []) : [])),
  );
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
  const outcomes = outcomesOf(work, candidate, runs);
  const p99 = outcomes.flatMap((outcome) => (outcome.isValid && "p99Us" in outcome ? [outcome.p99Us] : []));
  return {
    spread: spreadOf(outcomes.flatMap((outcome) => figureOf(work, outcome) ?? [])),
    p99: spreadOf(p99),
  };
}

function outcomesOf(work: Work, candidate: string, runs: readonly Run[]): Outcome[] {
  return runs
    .filter((run) => run.work === work.name && run.candidate === candidate)
    .map(({ outcome }) => outcome);
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
