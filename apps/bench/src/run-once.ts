/** One run: fresh buffers, fresh processes, one work, checked. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "./arrivals.js";
import type { Candidate, Created } from "./candidate.js";
import { openPromise } from "./open-promise.js";
import { type UsagePerItem, usageOf, usagePerItem } from "./server-usage.js";
import { percentile } from "./statistics.js";
import type { Job, Report, Role } from "./worker-messages.js";
import { WorkerProcess } from "./worker-process.js";
import { shareOf, type Work } from "./works.js";

/** What came of a run: figures only if every item arrived as it should. */
export type Outcome = Valid | { readonly isValid: false; readonly reason: string };

type Valid = { readonly isValid: true; readonly seconds: number } & UsagePerItem &
  ({ readonly itemsPerSecond: number } | { readonly p50Us: number; readonly p99Us: number });

export interface RunOptions {
  /** An existing directory that is the run's alone to write to. */
  readonly directory: string;
  /** How many items, or round trips. */
  readonly count: number;
  /** After this the run has failed, and its workers are killed. */
  readonly deadlineMs: number;
  /** Ends the run early, as a failed one. */
  readonly signal: AbortSignal;
}

export async function runOnce(candidate: Candidate, work: Work, options: RunOptions): Promise<Outcome> {
  const directory = join(options.directory, "run");
  mkdirSync(directory);
  const created: Created[] = [];
  const workers: WorkerProcess[] = [];
  try {
    const { capacity, consumers, itemBytes } = work;
    for (let i = 0; i < (work.kind === "round-trip" ? 2 : 1); i++) {
      const path = join(directory, `buffer-${i}`);
      created.push(await candidate.create({ path, capacity, consumers, itemBytes }));
    }
    const jobs = jobsFor(candidate, work, options.count, created);
    for (const [index, running] of candidate.start(jobs).entries()) {
      const job = jobs[index] as Job;
      workers.push(new WorkerProcess(`${job.role} ${job.index}`, job, running));
    }
    const conducted = conduct(workers, jobs, created, options.count);
    const { reports, usage } = await withinDeadline(conducted, options);
    const judged = judge(work, jobs, reports);
    const outcome = judged.isValid ? { ...judged, ...usage } : judged;
    for (const { destroy } of created.splice(0)) await destroy();
    return outcome;
  } catch (error) {
    return { isValid: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.exited));
    // Of a run that failed. Some buffers are not in the directory, and would stay; how it failed is known already.
    for (const { destroy } of created) await destroy().catch(() => {});
    rmSync(directory, { recursive: true, force: true });
  }
}

function jobsFor(candidate: Candidate, work: Work, count: number, created: readonly Created[]): Job[] {
  const { producers, consumers, itemBytes } = work;
  const put = Array.from({ length: producers }, (_, index) => shareOf(count, producers, index));
  const same = {
    module: candidate.module,
    addresses: created.map(({ address }) => address),
    itemBytes,
    put,
    batch: candidate.hasBatches ? work.batch : 1,
    outstanding: candidate.mayOverlap === true ? work.outstanding : 1,
  };
  const jobs = (role: Role, workers: number, isDealt = false): Job[] =>
    Array.from({ length: workers }, (_, index) => ({
      ...same,
      role,
      index,
      count: isDealt ? null : shareOf(count, workers, index),
    }));
  // A single consumer gets all there is, however it comes.
  const isDealt = candidate.isDealt === true && consumers > 1;
  // The consumers first: they wait for items, while producers would not wait for them.
  return work.kind === "round-trip"
    ? [...jobs("echo", 1), ...jobs("caller", 1)]
    : [...jobs("consumer", consumers, isDealt), ...jobs("producer", producers)];
}

async function conduct(
  workers: readonly WorkerProcess[],
  jobs: readonly Job[],
  created: readonly Created[],
  count: number,
): Promise<{ readonly reports: Report[]; readonly usage: UsagePerItem }> {
  await Promise.all(workers.map(({ ready }) => ready));
  stopWhenAllIsTaken(workers, jobs);
  const before = await usageOf(created);
  for (const worker of workers) worker.go();
  const reports = await Promise.all(workers.map(({ report }) => report));
  const usage = usagePerItem(before, await usageOf(created), count);
  for (const worker of workers) worker.end();
  const endings = await Promise.all(workers.map(({ exited }) => exited));
  if (!endings.every((endedWell) => endedWell)) throw new Error("A worker failed after its work was done");
  return { reports, usage };
}

// For consumers that do not know how many items they get.
function stopWhenAllIsTaken(workers: readonly WorkerProcess[], jobs: readonly Job[]): void {
  const dealt = workers.filter((_, index) => jobs[index]?.count === null);
  const total = (jobs[0]?.put ?? []).reduce((sum, count) => sum + count, 0);
  const taken = dealt.map(() => 0);
  for (const [index, worker] of dealt.entries()) {
    worker.watch((count) => {
      taken[index] = count;
      if (taken.reduce((sum, one) => sum + one, 0) >= total) for (const each of dealt) each.stop();
    });
  }
}

function judge(work: Work, jobs: readonly Job[], reports: readonly Report[]): Outcome {
  const of = (role: Role) => reports.filter((_, index) => jobs[index]?.role === role);
  if (work.kind === "round-trip") {
    const [caller] = of("caller");
    const times = caller?.roundTripsMs ?? [];
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    return {
      isValid: true,
      seconds,
      p50Us: percentile(times, 0.5) * 1000,
      p99Us: percentile(times, 0.99) * 1000,
    };
  }
  const put = jobs[0]?.put ?? [];
  const arrivals = of("consumer").flatMap((report) => report.arrivals ?? []);
  const fault = faultOf(put, arrivals);
  if (fault !== undefined) return { isValid: false, reason: fault };
  const startedAt = Math.min(...of("producer").map((report) => report.startedAt));
  const endedAt = Math.max(...of("consumer").map((report) => report.endedAt));
  const seconds = (endedAt - startedAt) / 1000;
  const items = put.reduce((sum, count) => sum + count, 0);
  return { isValid: true, seconds, itemsPerSecond: items / seconds };
}

async function withinDeadline<T>(task: Promise<T>, { deadlineMs, signal }: RunOptions): Promise<T> {
  const { promise: ended, reject } = openPromise<never>();
  const timer = setTimeout(() => reject(new Error(`Not done within ${deadlineMs / 1000} s`)), deadlineMs);
  const onAbort = () => reject(new Error("Interrupted"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([task, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    task.catch(() => {});
  }
}
