/** `run`: the rules on the transport of somebody's harness, and the verdict. */

import { seedFromEnvironment } from "@sluice/history-checker/random";
import { levelReached, standings } from "../group.js";
import type { Harness } from "../harness.js";
import { reportPage } from "../report/report-page.js";
import type { Level } from "../rule.js";
import { levelFromEnvironment, type RunOptions, runContract, type Verdict } from "../run-contract.js";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";
import type { RunCommand } from "./command-args.js";
import { loadHarness } from "./load-harness.js";
import { progressOn } from "./progress.js";
import { standingTable, verdictTable } from "./verdict-table.js";
import { writePage } from "./write-page.js";

/** @returns the exit code. @throws UsageError */
export async function runCommand(command: RunCommand): Promise<number> {
  const harness = await loadHarness(command.module);
  try {
    return await check(harness, command);
  } catch (error) {
    throw asUsage(error);
  }
}

async function check(harness: Harness, command: RunCommand): Promise<number> {
  const first = command.seed ?? seedFromEnvironment();
  const level = command.level ?? levelFromEnvironment();
  const options = optionsOf(command, level);
  const worst = new Map<string, Verdict>();
  const failures: { readonly seed: number; readonly verdict: Verdict }[] = [];
  for (let n = 0; n < command.repeat; n++) {
    const seed = first + n;
    if (command.repeat > 1) process.stderr.write(`run ${n + 1} of ${command.repeat}, seed ${seed}\n`);
    for (const verdict of await runContract(harness, { ...options, seed })) {
      if (verdict.outcome === "failed") failures.push({ seed, verdict });
      worst.set(verdict.rule, worse(worst.get(verdict.rule), verdict));
    }
  }
  const verdicts = [...worst.values()];
  if (command.isJson)
    console.log(JSON.stringify(asJson(verdicts, level, first, command.repeat), undefined, 2));
  else {
    console.log(verdictTable(verdicts));
    for (const { seed, verdict } of failures)
      console.log(`\n${messageOf(verdict.error)}\nrun it again: ${runAgain(command, verdict.rule, seed)}`);
    console.log(`\n${standingTable(standings(verdicts, level), level)}`);
  }
  if (command.report !== undefined) {
    const again = (rule: string) =>
      runAgain(command, rule, failures.find((one) => one.verdict.rule === rule)?.seed ?? first);
    const transport = await nameOf(harness);
    writePage(
      command.report,
      reportPage({ transport, level, seed: first, standings: standings(verdicts, level), verdicts, again }),
    );
  }
  return failures.length === 0 ? 0 : 1;
}

/** What is wrong with the options and the environment is found before the first rule is run. */
function asUsage(error: unknown): unknown {
  return error instanceof RangeError ? new UsageError(error.message) : error;
}

function optionsOf({ only, effort }: RunCommand, level: Level): RunOptions {
  return {
    ...progressOn(process.stderr),
    ...(only === undefined ? {} : { only }),
    level,
    ...(effort === undefined ? {} : { effort }),
  };
}

function worse(before: Verdict | undefined, now: Verdict): Verdict {
  if (before === undefined) return now;
  const one = before.outcome === "failed" ? before : now;
  return { ...one, ms: before.ms + now.ms };
}

function asJson(verdicts: readonly Verdict[], level: Level, seed: number, repeat: number): object {
  const groups = standings(verdicts, level);
  return {
    conformance: levelReached(groups),
    level,
    seed,
    repeat,
    groups,
    rules: verdicts.map(({ error, histories: _, ...verdict }) => ({
      ...verdict,
      ...(error === undefined ? {} : { message: messageOf(error) }),
    })),
  };
}

function runAgain({ module, effort }: RunCommand, rule: string, seed: number): string {
  const hard = effort === undefined ? "" : ` --effort ${effort}`;
  return `npx @sluice/transport-contract run ${module} --only ${rule} --seed ${seed}${hard}`;
}

async function nameOf(harness: Harness): Promise<string> {
  const transport = await harness.createTransport();
  await harness.cleanup?.(transport);
  return transport.name;
}
