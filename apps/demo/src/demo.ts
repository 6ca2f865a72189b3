/** One run of the demonstration. */

import { resolve } from "node:path";
import {
  type BufferAddress,
  type BufferError,
  isBufferError,
  type Run,
  type RunReport,
  run,
} from "@sluice/core";
import { type DemoOptions, UsageError } from "./args.js";
import { type FoundBuffer, findBuffer } from "./found-buffer.js";
import { type HeardSignals, hearSignals } from "./hear-signals.js";
import { killWorkers } from "./killer.js";
import { isAtServer, outlivesDemo, placeOption, placeText } from "./place.js";
import { planOf } from "./plan.js";
import { refuseUseless } from "./refusals.js";
import { clearAway, type Outcome, type Surroundings, setUp } from "./surroundings.js";
import { type Telling, tell } from "./tell.js";
import { type Adapter, adapterNamed, transportOf } from "./transports.js";

/** Resolves to the exit code. */
export async function demo(options: DemoOptions, telling: Telling): Promise<number> {
  const adapter = adapterNamed(options.transport);
  refuseUseless(options, adapter);
  const signals = hearSignals();
  const around: Surroundings = {};
  let outcome: Outcome | undefined;
  try {
    await setUp(around, options, adapter, signals);
    const { output, lines, place, server } = around;
    const { url = server?.url, journal } = options;
    const transport = await transportOf(adapter, { path: place?.path ?? "", url, journal });
    const found = options.resume ? await findBuffer(transport, options) : undefined;
    const running = run(planOf(options, { transport, lines: lines?.address, output: output?.path, found }));
    // What a run before has consumed stays where it is.
    if (found === undefined) running.on("opened", () => output?.empty());
    outcome = await toItsEnd(running, { options, telling, adapter, around, signals, found });
    return outcome.report.exitCode;
  } catch (error) {
    throw options.path !== undefined && isOfPlace(error) ? badPath(options.path, error) : error;
  } finally {
    await clearAway(around, outcome, options, adapter);
    signals.close(); // whoever is impatient, and sends one more, does not keep us from clearing away
  }
}

interface Settings {
  readonly options: DemoOptions;
  readonly telling: Telling;
  readonly adapter: Adapter;
  readonly around: Surroundings;
  readonly signals: HeardSignals;
  readonly found: FoundBuffer | undefined;
}

/** Tells the run, kills in it where that is asked for, and says at its end what became of the buffer. */
async function toItsEnd(
  running: Run,
  { options, telling, adapter, around, signals, found }: Settings,
): Promise<Outcome> {
  const { journal, kill, everyMs, seed } = options;
  const outlives = outlivesDemo(options, adapter);
  const medium = isAtServer(options, adapter) ? "in its server" : adapter.note;
  const path = journal === undefined ? around.place?.path : resolve(journal);
  const stopKilling = kill === undefined ? () => {} : killWorkers(running, { role: kill, everyMs, seed });
  const teller = tell(running, options, telling, {
    medium: journal === undefined ? medium : "with a journal",
    found,
    place: outlives ? placeText(path, options) : undefined,
  });
  signals.handTo(running); // what it makes of those that came before is told too
  try {
    const { kept: left, ...ended } = await running.report;
    const isKept = left !== undefined && outlives && !isDone(ended, options);
    const problem = problemOf(ended, around, options);
    const isWorse = problem !== undefined && (ended.exitCode === 0 || ended.exitCode >= 129);
    const report: RunReport = {
      ...ended,
      ...(isWorse ? { exitCode: problem.exitCode } : {}),
      ...(isKept ? { kept: left } : {}),
    };
    const keptAt = path ?? keptIn(left);
    teller.report(report, isKept ? keptText(report, options, keptAt) : goneWithDemo(report, left));
    if (problem !== undefined) process.stderr.write(`demo: ${problem.message}\n`);
    return { report, left, isKept };
  } finally {
    stopKilling();
    teller.close();
  }
}

/** Where a server keeps it: as `--url` takes it up again, but for a password. */
function keptIn(address: BufferAddress | undefined): string {
  const { urls: [url] = [], name } = (address?.place ?? {}) as { urls?: readonly string[]; name?: string };
  return `${url}#${encodeURIComponent(name ?? "")}`;
}

/** A run leaves a buffer that it has found. Once it is drained the demo removes it, as it does with one of its own. */
function isDone(report: Omit<RunReport, "kept">, { resume, keep }: DemoOptions): boolean {
  const { drained, parked, deadLetters, problems } = report;
  return resume && !keep && drained && parked === 0 && deadLetters.length === 0 && problems.length === 0;
}

function keptText({ drained }: RunReport, options: DemoOptions, keptAt: string): string {
  const how = `; --resume with this ${placeOption(options)} goes on with it`;
  return `The buffer is kept at ${keptAt}${drained ? "" : how}`;
}

/** What there is to say of a buffer that nobody can open any more. */
function goneWithDemo(report: RunReport, kept: BufferAddress | undefined): string | undefined {
  const { remaining, parked, dead } = report;
  const parts = [
    [remaining, "items"],
    [parked, "parked items"],
    [dead, "dead letters"],
  ] as const;
  const left = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  if (kept === undefined || left.length === 0) return undefined;
  return `What is left in the buffer ends with the demo: ${left.join(", ")}`;
}

interface Problem {
  readonly message: string;
  readonly exitCode: 4 | 5;
}

/** What the user asked for beyond the buffer, and did not get. */
function problemOf(
  report: Omit<RunReport, "kept">,
  { lines, output }: Surroundings,
  options: DemoOptions,
): Problem | undefined {
  const unread = lines?.error();
  if (unread !== undefined) return { message: unread.message, exitCode: 5 };
  // Conserved, as dead letters, but not where the user wants them; poison is not wanted there.
  const unwritten = report.dead + report.parked - options.poison;
  if (output === undefined || unwritten <= 0) return undefined;
  return { message: `${unwritten} items could not be written to ${output.path}`, exitCode: 4 };
}

// What a transport finds wrong with its place. Its own word for that is not the option's name.
const OF_PLACE: ReadonlySet<string> = new Set([
  "BUFFER_EXISTS",
  "NOT_A_BUFFER",
  "VERSION_UNSUPPORTED",
  "PERMISSION_DENIED",
  "INSECURE_BIND",
]);

function isOfPlace(error: unknown): error is BufferError {
  if (!isBufferError(error)) return false;
  return (
    OF_PLACE.has(error.code) ||
    (error.code === "INVALID_ARGUMENT" && /\bpath\b|\bdirectory\b/.test(error.message))
  );
}

function badPath(path: string, error: BufferError): UsageError {
  return new UsageError(`--path ${JSON.stringify(path)} cannot be used: ${error.message}`);
}
