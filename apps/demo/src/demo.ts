/** One run of the demonstration. */

import { resolve } from "node:path";
import {
  type BufferAddress,
  type BufferError,
  type EndSignal,
  isBufferError,
  openAddress,
  type Run,
  type RunReport,
  run,
} from "@sluice/core";
import { type DemoOptions, UsageError } from "./args.js";
import { findBuffer } from "./found-buffer.js";
import { openInput, openOutput } from "./input.js";
import { killWorkers } from "./killer.js";
import { type LineServer, serveLines } from "./line-server.js";
import type { OutputFile } from "./output-file.js";
import { type Place, placeFor, placeOption, placeText } from "./place.js";
import { planOf, producerBatch } from "./plan.js";
import { refuseUseless } from "./refusals.js";
import { type Teller, type Telling, tell } from "./tell.js";
import { adapterNamed, type OwnServer, transportOf } from "./transports.js";

const SIGNALS: readonly EndSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Resolves to the exit code. */
export async function demo(options: DemoOptions, telling: Telling): Promise<number> {
  const adapter = adapterNamed(options.transport);
  const { url, journal, kill, everyMs, seed } = options;
  const folder = url === undefined ? adapter.folder : undefined;
  const isAtServer = adapter.startServer !== undefined && url !== undefined;
  const outlives = adapter.outlives || journal !== undefined || isAtServer;
  refuseUseless(options, adapter, outlives);

  const input = options.input === undefined ? undefined : await openInput(options.input);
  let output: OutputFile | undefined;
  let lines: LineServer | undefined;
  let place: Place | undefined;
  let server: OwnServer | undefined;
  let teller: Teller | undefined;
  let stopKilling = () => {};
  let stopHearing = () => {};
  let report: RunReport | undefined;
  let left: BufferAddress | undefined;
  let isKept = false;
  try {
    output = options.output === undefined ? undefined : await openOutput(options.output, input);
    if (input !== undefined) lines = await serveLines(input.stream, producerBatch(options));
    if (folder !== undefined) place = placeFor(options.path, folder);
    if (url === undefined && place !== undefined) server = await adapter.startServer?.(place.path);
    const at = { path: place?.path ?? "", url: url ?? server?.url, journal };
    const transport = await transportOf(adapter, at);
    const found = options.resume ? await findBuffer(transport, options) : undefined;
    const around = { transport, lines: lines?.address, output: output?.path, found };
    const running = run(planOf(options, around));
    // What a run before has consumed stays where it is.
    if (found === undefined) running.on("opened", () => output?.empty());
    if (kill !== undefined) stopKilling = killWorkers(running, { role: kill, everyMs, seed });
    const medium = isAtServer ? "in its server" : adapter.note;
    const path = journal === undefined ? place?.path : resolve(journal);
    teller = tell(running, options, telling, {
      medium: journal === undefined ? medium : "with a journal",
      found,
      place: outlives ? placeText(path, options) : undefined,
    });
    stopHearing = hearSignals(running);
    const { kept, ...ended } = await running.report;
    left = kept;
    isKept = kept !== undefined && outlives && !isDone(ended, options);
    const problem = problemOf(ended, lines, output, options);
    const isWorse = problem !== undefined && (ended.exitCode === 0 || ended.exitCode >= 129);
    report = {
      ...ended,
      ...(isWorse ? { exitCode: problem.exitCode } : {}),
      ...(kept !== undefined && isKept ? { kept } : {}),
    };
    teller.report(
      report,
      isKept ? keptText(report, options, path ?? keptIn(kept)) : goneWithDemo(report, kept),
    );
    if (problem !== undefined) process.stderr.write(`demo: ${problem.message}\n`);
    return report.exitCode;
  } catch (error) {
    throw options.path !== undefined && isOfPlace(error) ? badPath(options.path, error) : error;
  } finally {
    stopKilling();
    teller?.close();
    await lines?.close();
    input?.stream.destroy();
    // Its broker ends with this process: sooner, so that it takes its socket with it. One that was killed has left it there.
    const isLost = left === undefined ? report?.drained === false : !isKept && !(await destroyAt(left));
    if (adapter.hasBroker && isLost) place?.sweep();
    await server?.stop();
    if (server !== undefined) place?.sweep();
    if (!isKept) place?.tidy();
    // Its broker leaves the place when this process ends.
    else if (journal !== undefined) process.once("exit", () => place?.tidy());
    if (report === undefined) await output?.forget();
    else await output?.finish();
    stopHearing(); // whoever is impatient, and sends one more, does not keep us from clearing away
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

/** False if its broker was killed: then nobody is there. */
async function destroyAt(address: BufferAddress): Promise<boolean> {
  try {
    await (await openAddress(address)).destroy();
    return true;
  } catch (error) {
    return !isBufferError(error, "BUFFER_NOT_FOUND");
  }
}

/** The first signal drains, the second stops at once, the third kills. Returns what ends that. */
function hearSignals(running: Run): () => void {
  const stop = (signal: NodeJS.Signals) => running.stop(signal as EndSignal);
  for (const signal of SIGNALS) process.on(signal, stop);
  return () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
}

interface Problem {
  readonly message: string;
  readonly exitCode: 4 | 5;
}

/** What the user asked for beyond the buffer, and did not get. */
function problemOf(
  report: Omit<RunReport, "kept">,
  lines: LineServer | undefined,
  output: OutputFile | undefined,
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
