/** All runs, in turns: what disturbs the machine for a while disturbs every candidate, not one of them. */

import type { Candidate } from "./candidate.js";
import { diskSyncsPerSecond } from "./disk-syncs.js";
import type { Outcome } from "./outcome.js";
import type { Table } from "./plan.js";
import { countFor, partFor } from "./run-count.js";
import { runOnce } from "./run-once.js";
import type { SystemCallCounter } from "./system-calls.js";
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

export interface Measured {
  /** As many as were asked for, or fewer, if the time was over. */
  readonly rounds: number;
  readonly runs: readonly Run[];
  /** Of the runs in which system calls were counted, and nothing else is told. */
  readonly counted: readonly Run[];
  /** What the disk allows, in each round; only where a candidate syncs its items. */
  readonly diskSyncsPerSecond: readonly number[];
}

export interface MeasureOptions {
  readonly tables: readonly Table[];
  readonly rounds: number;
  /** Of every run; undefined for what suits the candidate and the time. */
  readonly items: number | undefined;
  /** About how long all of it may take; undefined for as long as it does. */
  readonly budgetS: number | undefined;
  /** For a pass of its own, before all others. */
  readonly counter: SystemCallCounter | undefined;
  /** An existing directory to make the buffers in. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Hears what comes next. */
  readonly onRun: (text: string) => void;
}

// A round more than this beyond the time is left out: fewer rounds tell more than runs that are cut short.
const OVERTIME = 1.08;
// The slowest candidate on a slow machine takes some ten seconds for a run; what takes so long is stuck.
const DEADLINE_MS = 120_000;
// What is counted is the same for many items as for few, and they take longer.
const COUNTED_PART = 1 / 5;

interface Pair {
  readonly work: Work;
  readonly candidate: Candidate;
}

export async function measure(options: MeasureOptions): Promise<Measured> {
  const { rounds, tables, items, budgetS, directory, signal, counter } = options;
  const pairs = pairsOf(tables);
  const counted =
    counter === undefined ? [] : pairsOf(tables.filter(({ countsSystemCalls }) => countsSystemCalls));
  const timed = pairs.length * rounds + counted.length;
  const part = budgetS === undefined ? 1 : partFor(timed, budgetS);
  const measured = { rounds: 0, runs: [] as Run[], counted: [] as Run[], diskSyncsPerSecond: [] as number[] };
  const startedAt = performance.now();
  const lastsS = () => (performance.now() - startedAt) / 1000;

  const run = async ({ work, candidate }: Pair, round: number, partOfIt: number, by?: SystemCallCounter) => {
    const count = countFor(candidate, work, partOfIt, items);
    const once = { directory, count, deadlineMs: DEADLINE_MS, signal, counter: by };
    const outcome = await runOnce(candidate, work, once);
    return { work: work.name, candidate: candidate.name, round, count, outcome };
  };

  for (const pair of counted) {
    if (signal.aborted) return measured;
    options.onRun(`system calls: ${pair.work.name} ${pair.candidate.name}`);
    measured.counted.push(await run(pair, 1, part * COUNTED_PART, counter));
  }
  const beforeS = lastsS();
  for (let round = 1; round <= rounds; round++) {
    const oneS = (lastsS() - beforeS) / Math.max(1, measured.rounds);
    if (round > 1 && budgetS !== undefined && lastsS() + oneS > budgetS * OVERTIME) break;
    if (pairs.some(({ candidate }) => candidate.isDurable)) {
      options.onRun(`round ${round} of ${rounds}: the disk`);
      measured.diskSyncsPerSecond.push(diskSyncsPerSecond(directory));
    }
    for (const pair of pairs) {
      if (signal.aborted) return measured;
      options.onRun(`round ${round} of ${rounds}: ${pair.work.name} ${pair.candidate.name}`);
      measured.runs.push(await run(pair, round, part));
    }
    measured.rounds = round;
  }
  return measured;
}

/** What is to be measured for the tables: each candidate with each work that makes sense for it, once. */
function pairsOf(tables: readonly Table[]): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { works, candidates } of tables) {
    for (const work of works) {
      for (const candidate of candidates) {
        if (candidate.unsuited?.(work) !== undefined) continue;
        pairs.set(`${work.name} ${candidate.name}`, { work, candidate });
      }
    }
  }
  return [...pairs.values()];
}
