/** The figures of one candidate with one work, from all rounds. */

import { figureOf, type Outcome } from "./outcome.js";
import type { CandidateInfo, Results } from "./results.js";
import { type Spread, spreadOf } from "./statistics.js";
import type { Work } from "./works.js";

/** What a valid run may tell. */
export type FigureName =
  | "p99Us"
  | "p999Us"
  | "cpuUsPerItem"
  | "wakeUpsPerItem"
  | "systemCallsPerItem"
  | "serverCpuUsPerItem"
  | "messagesPerItem"
  | "peakBytes";

/** Undefined if no run was valid, or there was none. */
export function figureIn(results: Results, work: string, candidate: string): Spread | undefined {
  return spreadOf(figuresIn(results, work, candidate));
}

/** What runs are compared by, of each valid one, in the order of the rounds. */
export function figuresIn(results: Results, work: string, candidate: string): number[] {
  return outcomesIn(results, work, candidate).flatMap((outcome) => figureOf(outcome) ?? []);
}

/** Undefined if nobody told it. */
export function otherFigureIn(
  results: Results,
  name: FigureName,
  work: string,
  candidate: string,
): Spread | undefined {
  const runs = name === "systemCallsPerItem" ? results.counted : results.runs;
  const outcomes = outcomesIn({ runs }, work, candidate);
  return spreadOf(
    outcomes.flatMap((outcome) => (outcome as Partial<Record<FigureName, number>>)[name] ?? []),
  );
}

/** Whether it was measured with that work. */
export function isMeasured(results: Results, work: string, candidate: string): boolean {
  return results.runs.some((run) => run.work === work && run.candidate === candidate);
}

/** Runs that were not valid, in words. */
export function failuresIn({ runs, counted }: Results, work: string, candidate: string): string[] {
  const own = (run: Results["runs"][number]) => run.work === work && run.candidate === candidate;
  return [
    ...counted
      .filter(own)
      .flatMap(({ outcome }) => (outcome.isValid ? [] : `system calls: ${outcome.reason}`)),
    ...runs
      .filter(own)
      .flatMap(({ outcome, round }) => (outcome.isValid ? [] : `round ${round}: ${outcome.reason}`)),
  ];
}

/** Whether the work asks for more than the candidate has. */
export function isOneAtATime(
  { hasBatches, mayOverlap }: CandidateInfo,
  { batch, outstanding }: Work,
): boolean {
  return (batch > 1 && !hasBatches) || (outstanding > 1 && !mayOverlap);
}

function outcomesIn({ runs }: Pick<Results, "runs">, work: string, candidate: string): Outcome[] {
  return runs.filter((run) => run.work === work && run.candidate === candidate).map(({ outcome }) => outcome);
}
