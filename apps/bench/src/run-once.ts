/** One run: fresh buffers, fresh processes, one work, checked. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Candidate, Created } from "./candidate.js";
import { openPromise } from "./open-promise.js";
import { judge, type Outcome } from "./outcome.js";
import { type CostsPerItem, costsOf, costsPerItem, resetPeaks, startedProcesses } from "./process-costs.js";
import { type UsagePerItem, usageOf, usagePerItem } from "./server-usage.js";
import type { SystemCallCounter } from "./system-calls.js";
import { type Job, type Report, type Role, WARM_UP_ROUND_TRIPS } from "./worker-messages.js";
import { WorkerProcess } from "./worker-process.js";
import { shareOf, type Work } from "./works.js";

export interface RunOptions {
  /** An existing directory that is the run's alone to write to. */
  readonly directory: string;
  /** How many items, or round trips. */
  readonly count: number;
  /** After this the run has failed, and its workers are killed. */
  readonly deadlineMs: number;
  /** Ends the run early, as a failed one. */
  readonly signal: AbortSignal;
  /** Counts the system calls, which makes the run slower. */
  readonly counter?: SystemCallCounter | undefined;
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
    const conducted = conduct(workers, jobs, created, work, options);
    const { reports, costs } = await withinDeadline(conducted, options);
    const judged = judge(work, jobs, reports);
    const outcome = judged.isValid ? { ...judged, ...costs } : judged;
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
  work: Work,
  { count, counter }: RunOptions,
): Promise<{ readonly reports: Report[]; readonly costs: UsagePerItem & CostsPerItem }> {
  await Promise.all(workers.map(({ ready }) => ready));
  stopWhenAllIsTaken(workers, jobs);
  const started = startedProcesses();
  const counting = await counter?.start(started);
  try {
    resetPeaks(started);
    const usageBefore = await usageOf(created);
    const costsBefore = costsOf(started);
    const reports = await doneBy(workers, jobs, work);
    const items = work.kind === "round-trip" ? count + WARM_UP_ROUND_TRIPS : count;
    const costs = costsPerItem(costsBefore, costsOf(started), items);
    const usage = usagePerItem(usageBefore, await usageOf(created), items);
    const counted = counting && { systemCallsPerItem: (await counting.stop()) / items };
    await endAll(workers);
    return { reports, costs: { ...usage, ...costs, ...counted } };
  } finally {
    // Of a run that failed; one that has stopped is not stopped again.
    void counting?.stop().catch(() => {});
  }
}

async function doneBy(
  workers: readonly WorkerProcess[],
  jobs: readonly Job[],
  work: Work,
): Promise<Report[]> {
  const reports = () => Promise.all(workers.map(({ report }) => report));
  if (work.isBacklog !== true) {
    for (const worker of workers) worker.go();
    return reports();
  }
  const producers = workers.filter((_, index) => jobs[index]?.role === "producer");
  for (const worker of producers) worker.go();
  await Promise.all(producers.map(({ report }) => report));
  for (const worker of workers) if (!producers.includes(worker)) worker.go();
  return reports();
}

async function endAll(workers: readonly WorkerProcess[]): Promise<void> {
  for (const worker of workers) worker.end();
  const endings = await Promise.all(workers.map(({ over }) => over));
  if (!endings.every((endedWell) => endedWell)) throw new Error("A worker failed after its work was done");
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
