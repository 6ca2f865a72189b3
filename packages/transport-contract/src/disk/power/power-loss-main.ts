/**
 * The process that simulates the loss of power, on a disk of its own: has a script's process recorded, and one that goes on after
 * a first loss, then makes states of the disk as they may be after one, opens the buffer in each and looks whether it is
 * what it may be. Says at its end how many it looked at, or what was wrong.
 */

import { writeFileSync } from "node:fs";
import {
  type BufferAddress,
  type BufferSpec,
  type BufferWishes,
  isBufferError,
  type TransportCapabilities,
  type TransportModule,
} from "@sluice/core";
import { type Random, randomFrom } from "@sluice/history-checker/random";
import { describe, equal, fail, RuleBroken } from "../../kit/expect.js";
import { waitingWith } from "../../kit/waiting.js";
import { Unable } from "../../rule.js";
import type { Timing } from "../../timing.js";
import { inspect } from "../inspect.js";
import { type Step, scriptOf } from "../script.js";
import { emptyState, type State } from "../script-model.js";
import { drawFates, fewestLosses, type Instant, instantsOf, shortened, told } from "./crash-draw.js";
import { crashState, type Fate, unsynced } from "./crash-state.js";
import type { Change } from "./file-changes.js";
import { emptyDirectory, writeTree } from "./file-tree.js";
import { type Recording, record } from "./recording.js";

export interface PowerLossJob {
  readonly address: BufferAddress;
  readonly spec: BufferSpec;
  readonly wishes: BufferWishes;
  readonly capabilities: TransportCapabilities;
  readonly timing: Timing;
  readonly directory: string;
  /** For scripts, records and logs. */
  readonly folder: string;
  /** File that says which boot of the machine it is. */
  readonly boot: string;
  readonly seed: number;
  /** Of how many steps the script is. */
  readonly steps: number;
  /** How many states of the disk are looked at. */
  readonly states: number;
}

/** What it says at its end. */
export interface PowerLossEnd {
  readonly looked?: number;
  readonly fault?: string;
  readonly unable?: string;
}

// Items of the second script have numbers of their own.
const SECOND_ITEMS_FROM = 10_000;
const SECOND_STEPS = 30;
const SHRINK_TRIES_MAX = 200;

const job = JSON.parse(process.env["SLUICE_CONTRACT_POWER_LOSS"] ?? "") as PowerLossJob;
const { directory, folder, spec, wishes } = job;
const random = randomFrom(job.seed);
const t = {
  // Whoever started this process ends it.
  ...waitingWith(job.timing),
  timing: job.timing,
  harness: { capabilities: job.capabilities },
};
const { transportAt } = (await import(job.address.module)) as TransportModule;

/** Before anybody in the process that is to see it asks. */
function boot(number: number): void {
  writeFileSync(job.boot, `00000000-0000-4000-8000-${String(number).padStart(12, "0")}\n`);
}

async function run(): Promise<number> {
  boot(1);
  const first = await firstRecording();
  boot(2);
  const second = await secondRecording(first, random.fork("second"));
  boot(3);
  const later = second === undefined ? 0 : Math.floor(job.states / 3);
  await lookAt(first, job.states - later, "", random.fork("first states"));
  if (second !== undefined) await lookAt(second.recording, later, second.before, random.fork("later states"));
  return job.states;
}

function firstRecording(): Promise<Recording> {
  const script = scriptOf(random, job.steps, random.chance(0.3));
  emptyDirectory(directory);
  const own = { address: job.address, record: "", create: { spec, wishes } };
  return record(folder, { job: own, script, directory, from: undefined });
}

/** Somebody goes on after the first loss, and that is recorded: what it mends may be lost too. */
async function secondRecording(
  { files, marks, possibleAt }: Recording,
  draw: Random,
): Promise<{ readonly recording: Recording; readonly before: string } | undefined> {
  // What was held would come back at a time of its own.
  const isFree = ({ line }: Instant) => {
    const { states, isThere } = possibleAt(line);
    return isThere && states.every(({ held, sealed }) => held.length === 0 && !sealed);
  };
  const instant = instantsOf(files.changes, marks, 60, draw).find(isFree);
  if (instant === undefined) return undefined;
  const fates = drawFates(unsynced(files.changes, instant.line), draw);
  const before = `${worded(files.changes, instant, fates)}, and then, when it was used again, `;
  writeTree(directory, crashState(files, instant.line, fates), draw);
  const script = scriptOf(draw, SECOND_STEPS, false).map(
    (step): Step => (step.do === "put" ? { ...step, item: step.item + SECOND_ITEMS_FROM } : step),
  );
  const from = possibleAt(instant.line).states;
  const own = { address: job.address, record: "", opensAny: true };
  try {
    return { recording: await record(folder, { job: own, script, directory, from }), before };
  } catch (error) {
    if (error instanceof Unable) throw error;
    return fail(`${worded(files.changes, instant, fates)}: ${described(error)}`);
  }
}

async function lookAt(recording: Recording, count: number, before: string, draw: Random): Promise<void> {
  const { changes } = recording.files;
  const instants = instantsOf(changes, recording.marks, count, draw);
  for (const [n, instant] of instants.entries()) {
    const fates = drawFates(unsynced(changes, instant.line), draw);
    const state = `${before}${worded(changes, instant, fates)}`;
    // Whoever ends the process finds here where it was.
    writeFileSync(`${folder}/state`, state);
    const fault = await faultOf(recording, instant, fates);
    if (fault === undefined) continue;
    const isWrong = async (fewer: ReadonlyMap<Change, Fate>) =>
      (await faultOf(recording, instant, fewer)) !== undefined;
    const fewest = await fewestLosses(fates, isWrong, SHRINK_TRIES_MAX);
    const shown = (await faultOf(recording, instant, fewest)) ?? fault;
    fail(`State ${n + 1} of ${count}: ${before}${worded(changes, instant, fewest)}: ${shown}`);
  }
}

function worded(
  changes: readonly Change[],
  { line, after }: Instant,
  fates: ReadonlyMap<Change, Fate>,
): string {
  return `the power went at line ${line} of its system calls, after "${shortened(after)}", ${told(changes, line, fates)}`;
}

/** What is wrong in that state; undefined if nothing is. */
async function faultOf(
  { files, possibleAt }: Recording,
  { line }: Instant,
  fates: ReadonlyMap<Change, Fate>,
): Promise<string | undefined> {
  writeTree(directory, crashState(files, line, fates), randomFrom(line));
  const { states, isThere } = possibleAt(line);
  try {
    await t.within(checkState(states, isThere), 2, "looking at the buffer afterwards");
    return undefined;
  } catch (error) {
    return described(error);
  }
}

async function checkState(states: readonly State[], isThere: boolean): Promise<void> {
  const transport = transportAt(job.address);
  let possible = states;
  const port = await transport.open().catch(async (error) => {
    if (isThere || !isBufferError(error, "BUFFER_NOT_FOUND")) throw error;
    possible = [emptyState()];
    await transport.create(spec, wishes);
    return transport.open();
  });
  try {
    equal(port.capabilities.survives.includes("power-loss"), true, "whether it claims to survive power loss");
    await inspect(t, port, possible, { roundsMax: 8 });
  } finally {
    await port.destroy();
  }
}

function described(error: unknown): string {
  return error instanceof RuleBroken ? error.message : describe(error);
}

let end: PowerLossEnd;
try {
  end = { looked: await run() };
} catch (error) {
  end = error instanceof Unable ? { unable: error.message } : { fault: described(error) };
}
console.log(JSON.stringify(end));
process.exit(0);
