/** All runs, in turns: what disturbs the machine for a while disturbs every candidate, not one of them. */

import type { BenchOptions } from "./args.js";
import { type Outcome, runOnce } from "./run-once.js";
import type { Work } from "./works.js";

export interface Run {
  readonly work: string;
  readonly candidate: string;
  /** From 1. */
  readonly round: number;
  /** Items, or round trips. */
  readonly count: number;
  readonly outcome: Outcome;
}

export interface MeasureOptions extends Omit<BenchOptions, "json" | "ratio"> {
  /** An existing directory to make the buffers in. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Hears what comes next. */
  readonly onRun: (text: string) => void;
}

// The slowest candidate on a slow machine takes some ten seconds for a run; what takes so long is stuck.
const DEADLINE_MS = 120_000;
const QUICK_PART = 1 / 10;

export async function measure(options: MeasureOptions): Promise<Run[]> {
  const { rounds, works, candidates, items, isQuick, directory, signal } = options;
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const work of works) {
      for (const candidate of candidates) {
        if (signal.aborted) return runs;
        if (candidate.unsuited?.(work) !== undefined) continue;
        options.onRun(`round ${round} of ${rounds}: ${work.name} ${candidate.name}`);
        const count = items ?? Math.ceil(candidate.itemCount(work) * (isQuick ? QUICK_PART : 1));
        const outcome = await runOnce(candidate, work, { directory, count, deadlineMs: DEADLINE_MS, signal });
        runs.push({ work: work.name, candidate: candidate.name, round, count, outcome });
      }
    }
  }
  return runs;
}

/** What a run is compared by: items per second, or microseconds of the median round trip. */
export function figureOf(work: Work, outcome: Outcome): number | undefined {
  if (!outcome.isValid) return undefined;
  if (work.kind === "round-trip") return "p50Us" in outcome ? outcome.p50Us : undefined;
  return "itemsPerSecond" in outcome ? outcome.itemsPerSecond : undefined;
}
