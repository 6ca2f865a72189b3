/** `run`: the rules on the transport of somebody's harness, and the verdict. */

import { seedFromEnvironment } from "@sluice/history-checker/random";
import { levelReached, standings } from "../group.js";
import type { Harness } from "../harness.js";
import { Cleanups } from "../kit/cleanups.js";
import { newTransport } from "../kit/new-transport.js";
import { unlessAborted } from "../kit/unless-aborted.js";
import { waitingWith } from "../kit/waiting.js";
import { reportPage } from "../report/report-page.js";
import type { Level } from "../rule.js";
import {
  chosenRules,
  levelFromEnvironment,
  type RunOptions,
  runContract,
  type Verdict,
} from "../run-contract.js";
import { timingFromEnvironment } from "../timing.js";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";
import type { RunCommand } from "./command-args.js";
import { Interrupted } from "./interruption.js";
import { loadHarness } from "./load-harness.js";
import { progressOn } from "./progress.js";
import { SEED_MAX } from "./read-options.js";
import { tellUnderWay } from "./under-way.js";
import { standingTable, verdictTable } from "./verdict-table.js";
import { canWritePage, writePage } from "./write-page.js";

/** @param signal - ends it. @returns the exit code. @throws UsageError, and the signal's reason where nothing was run by then. */
export async function runCommand(command: RunCommand, signal: AbortSignal): Promise<number> {
  if (command.report !== undefined) canWritePage(command.report);
  const harness = await unlessAborted(loadHarness(command.module), signal);
  try {
    return await check(harness, command, signal);
  } catch (error) {
    throw asUsage(error);
  }
}

async function check(harness: Harness, command: RunCommand, signal: AbortSignal): Promise<number> {
  const first = command.seed ?? seedFromEnvironment();
  const level = command.level ?? levelFromEnvironment();
  const options = { ...optionsOf(command, level), signal };
  const worst = new Map<string, Verdict>();
  const failures: Verdict[] = [];
  for (let n = 0; n < command.repeat && !signal.aborted; n++) {
    const seed = seedAfter(first, n);
    if (command.repeat > 1) process.stderr.write(`run ${n + 1} of ${command.repeat}, seed ${seed}\n`);
    for (const verdict of await runContract(harness, { ...options, seed })) {
      if (verdict.outcome === "failed") failures.push(verdict);
      worst.set(verdict.rule, worse(worst.get(verdict.rule), verdict));
    }
  }
  const verdicts = [...worst.values()];
  if (command.isJson)
    console.log(JSON.stringify(asJson(verdicts, level, first, command.repeat, signal), undefined, 2));
  else {
    console.log(verdictTable(verdicts));
    for (const { title, error } of failures) console.log(`\n${title}\n${messageOf(error)}`);
    console.log(`\n${standingTable(standings(verdicts, level), level)}`);
  }
  if (command.report !== undefined) {
    const transport = await nameOf(harness, command.module);
    writePage(
      command.report,
      reportPage({ transport, level, seed: first, standings: standings(verdicts, level), verdicts }),
    );
  }
  if (signal.reason instanceof Interrupted) {
    console.error(`transport-contract: ${signal.reason.message}; not run: ${notRun(options, worst)}`);
    return signal.reason.exitCode;
  }
  return failures.length === 0 ? 0 : 1;
}

/** After the last that there is comes the first: no two runs of a kind, and each can be run again. */
function seedAfter(first: number, n: number): number {
  return n <= SEED_MAX - first ? first + n : n - (SEED_MAX - first) - 1;
}

/** What is wrong with the options and the environment is found before the first rule is run. */
function asUsage(error: unknown): unknown {
  return error instanceof RangeError ? new UsageError(error.message) : error;
}

function optionsOf({ only, except, effort, module }: RunCommand, level: Level): RunOptions {
  const { onRule, onVerdict } = progressOn(process.stderr);
  return {
    module,
    onRule(...rule) {
      onRule(...rule);
      tellUnderWay(rule[0].title);
    },
    onVerdict(verdict) {
      tellUnderWay("");
      onVerdict(verdict);
    },
    ...(only === undefined ? {} : { only }),
    ...(except === undefined ? {} : { except }),
    level,
    ...(effort === undefined ? {} : { effort }),
  };
}

/** The better ones first. What could not be run one time is no pass the other time. */
const OUTCOMES: readonly Verdict["outcome"][] = ["passed", "skipped", "failed"];

function worse(before: Verdict | undefined, now: Verdict): Verdict {
  if (before === undefined) return now;
  const one = OUTCOMES.indexOf(now.outcome) > OUTCOMES.indexOf(before.outcome) ? now : before;
  return { ...one, ms: before.ms + now.ms };
}

function asJson(
  verdicts: readonly Verdict[],
  level: Level,
  seed: number,
  repeat: number,
  { aborted }: AbortSignal,
): object {
  const groups = standings(verdicts, level);
  return {
    conformance: levelReached(groups),
    level,
    seed,
    repeat,
    groups,
    ...(aborted ? { interrupted: true } : {}),
    rules: verdicts.map(({ error, histories: _, ...verdict }) => ({
      ...verdict,
      ...(error === undefined ? {} : { message: messageOf(error) }),
    })),
  };
}

/** What was not run, or had not come to its end, when the run was interrupted: in a run that is repeated, what never did. */
function notRun(options: RunOptions, verdicts: ReadonlyMap<string, Verdict>): string {
  const left = chosenRules(options).map(({ number }) => number);
  return left.filter((number) => !verdicts.has(number)).join(", ") || "a part of the repetitions";
}

/** Of its transports; of a harness that makes none, what the command was given: its page is wanted most. */
async function nameOf(harness: Harness, module: string): Promise<string> {
  const timing = timingFromEnvironment();
  const cleanups = new Cleanups(timing);
  const name = await newTransport(harness, cleanups, waitingWith(timing)).then(
    (transport) => transport.name,
    () => module,
  );
  for (const fault of await cleanups.end()) console.error(fault);
  return name;
}
