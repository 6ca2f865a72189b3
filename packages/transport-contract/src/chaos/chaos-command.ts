/**
 * The driver that kills, as a command: exit 0 if every promise was kept, 1 if one was broken, 2 for a bad option.
 * The last line is the account as JSON; a failure prints the seed and the command that runs it again, and keeps the history.
 */

import { newSeed } from "@sluice/history-checker/random";
import { Interrupted } from "../command/interruption.js";
import { loadHarness } from "../command/load-harness.js";
import { canWritePage, writePage } from "../command/write-page.js";
import type { Harness } from "../harness.js";
import { Cleanups } from "../kit/cleanups.js";
import { newTransport } from "../kit/new-transport.js";
import { unlessAborted } from "../kit/unless-aborted.js";
import { waitingWith } from "../kit/waiting.js";
import { commandLine } from "../replay.js";
import { chaosPage } from "../report/chaos-page.js";
import { keepHistories } from "../report/keep-histories.js";
import type { KeptHistory } from "../report/kept-history.js";
import { timingFromEnvironment } from "../timing.js";
import { UsageError } from "../usage-error.js";
import { messageOf } from "../verdict-text.js";
import type { ChaosReport } from "./account.js";
import { type ChaosCommand, chaosCommand, USAGE } from "./chaos-options.js";
import { runChaos } from "./run-chaos.js";

/** @param signal - ends it. @returns the exit code. @throws UsageError, and the signal's reason. */
export async function chaos(args: readonly string[], signal: AbortSignal): Promise<number> {
  const command = chaosCommand(args);
  if (command !== undefined) return unleash(command, args, signal);
  console.log(USAGE);
  return 0;
}

async function unleash(command: ChaosCommand, args: readonly string[], signal: AbortSignal): Promise<number> {
  const { module, quiet, report, ...options } = command;
  if (report !== undefined) canWritePage(report);
  const harness = await unlessAborted(loadHarness(module), signal);
  refuseUseless(command, harness);
  const { restart } = harness;
  const seed = options.seed ?? newSeed();
  const again = commandLine(["chaos", ...args, ...(options.seed === undefined ? ["--seed", `${seed}`] : [])]);
  const say = quiet ? () => {} : (line: string) => void process.stderr.write(`${line}\n`);
  say(`seed ${seed}`);
  let step = "it began";
  const timing = timingFromEnvironment();
  const cleanups = new Cleanups(timing);
  const histories: KeptHistory[] = [];
  const transport = await newTransport(harness, cleanups, waitingWith(timing));
  let faults: readonly string[] = [];
  try {
    const account = await runChaos(transport, {
      ...options,
      ...(harness.wishes === undefined ? {} : { wishes: harness.wishes }),
      ...(restart === undefined ? {} : { restart: async () => restart(transport) }),
      failpoints: harness.failpoints ?? [],
      seed,
      onStep(told) {
        step = told;
        say(told);
      },
      onHistory: (history) => void histories.push(history),
      signal,
    });
    faults = [...account.safety, ...account.liveness, ...undecided(account)];
    for (const fault of faults) console.error(fault);
    console.log(JSON.stringify(account));
    if (report !== undefined)
      writePage(report, chaosPage({ transport: transport.name, account, histories, again }));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Interrupted) {
      console.error(`transport-contract: ${error.message} after: ${step}; nothing is judged of seed ${seed}`);
      return error.exitCode;
    }
    faults = [`The run could not be judged: ${messageOf(error)}`];
    for (const fault of faults) console.error(fault);
  } finally {
    if (faults.length > 0) {
      console.error(`run it again: ${again}`);
      console.error(`what its processes did is kept in ${keepHistories("chaos", histories)}`);
    }
    const left = await cleanups.end();
    for (const fault of left) console.error(fault);
    faults = [...faults, ...left];
  }
  return faults.length === 0 ? 0 : 1;
}

/** @throws UsageError */
function refuseUseless({ module, restarts = 0, latencyMs = 0 }: ChaosCommand, harness: Harness): void {
  const need = (what: string, option: string) => {
    throw new UsageError(`Expected the harness of ${module} to have ${what}, for ${option}`);
  };
  if (harness.capabilities.reach === "process" || harness.processes === false)
    need("a transport that other processes reach", "processes that are killed");
  if (restarts > 0 && harness.restart === undefined) need("restart", "--restarts");
  if (latencyMs > 0 && (harness.failpoints ?? []).length === 0) need("failpoints", "--latency-ms");
}

/** No fault, and no pass either. */
function undecided({ search }: ChaosReport): string[] {
  return search === "unknown"
    ? ["Whether the history has an order could not be decided: that is no pass"]
    : [];
}
