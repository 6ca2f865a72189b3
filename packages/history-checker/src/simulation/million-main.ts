#!/usr/bin/env node
/**
 * Judges right histories by the million, in as many threads as there are cores: exit 0 if none was called wrong, 3 if one was
 * (with the command that judges it again), 2 for a bad option.
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { newSeed } from "../random.js";
import { judgeSimulated, type Tally } from "./judge-simulated.js";

interface Job {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly stride: number;
}

const USAGE = `pnpm --filter @sluice/history-checker million [options]

  --histories  how many                    1000000
  --seed       of all that is random       a new one
  --from       number of the first one     0`;

const PROGRESS_EVERY = 2000;

if (isMainThread) await main();
else {
  const job = workerData as Job;
  const tally = judgeSimulated(job.seed, job, (so) => {
    if (so.histories % PROGRESS_EVERY === 0) parentPort?.postMessage({ ...so });
  });
  parentPort?.postMessage(tally);
}

async function main(): Promise<void> {
  let job: Job | undefined;
  try {
    job = jobFrom(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error} (--help lists the options)`);
    process.exitCode = 2;
    return;
  }
  if (job === undefined) {
    console.log(USAGE);
    return;
  }
  const start = performance.now();
  const tallies = await inThreads(job, start);
  const sum = (name: "histories" | "operations" | "steps" | "unknown") =>
    tallies.reduce((total, one) => total + one[name], 0);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const alarm = tallies.find((one) => one.falseAlarm)?.falseAlarm;
  const alarms = alarm === undefined ? "no false alarm" : "a FALSE ALARM";
  const figures = `${sum("operations")} operations, ${sum("steps")} steps, ${sum("unknown")} unknown, ${seconds} s`;
  console.log(`seed ${job.seed}: ${alarms} in ${sum("histories")} right histories (${figures})`);
  if (alarm === undefined) return;
  console.error(alarm.told);
  const again = `--seed ${job.seed} --from ${alarm.index} --histories 1`;
  console.error(`judge it again: pnpm --filter @sluice/history-checker million ${again}`);
  process.exitCode = 3;
}

/** @throws RangeError, TypeError naming the option, what was expected and what came. */
function jobFrom(args: readonly string[]): Job | undefined {
  const options = {
    histories: { type: "string", default: "1000000" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    help: { type: "boolean", default: false },
  } as const;
  // pnpm hands the two dashes on.
  const { values } = parseArgs({ args: args.filter((arg) => arg !== "--"), options, strict: true });
  if (values.help) return undefined;
  const from = count("--from", values.from, 0);
  const seed = values.seed === undefined ? newSeed() : count("--seed", values.seed, 0);
  return { seed, from, to: from + count("--histories", values.histories, 1), stride: 1 };
}

function count(option: string, text: string, min: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  throw new RangeError(`Expected ${option} to be an integer from ${min}, got ${JSON.stringify(text)}`);
}

/** Each thread judges every n-th history; all end with the first false alarm. */
async function inThreads(job: Job, start: number): Promise<Tally[]> {
  const stride = Math.min(availableParallelism(), job.to - job.from);
  const tallies: Tally[] = [];
  const workers = Array.from({ length: stride }, (_, n) => {
    const workerData: Job = { ...job, from: job.from + n, stride };
    return new Worker(new URL(import.meta.url), { workerData });
  });
  await Promise.all(
    workers.map(
      (worker, n) =>
        new Promise<void>((resolve, reject) => {
          worker.on("message", (tally: Tally) => {
            tallies[n] = tally;
            if (tally.falseAlarm) for (const other of workers) void other.terminate();
            else if (n === 0 && tally.histories % (10 * PROGRESS_EVERY) === 0) {
              const done = tallies.reduce((sum, one) => sum + one.histories, 0);
              const perSecond = Math.round(done / ((performance.now() - start) / 1000));
              console.log(`${done} of ${job.to - job.from} histories, ${perSecond} a second`);
            }
          });
          worker.on("error", reject);
          worker.on("exit", () => resolve());
        }),
    ),
  );
  return tallies.filter((tally) => tally !== undefined);
}
