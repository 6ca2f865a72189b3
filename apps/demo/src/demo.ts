/** One run of the demonstration. */

import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import {
  type BufferAddress,
  type BufferError,
  type BufferTransport,
  bytes,
  type EndSignal,
  isBufferError,
  openAddress,
  type Run,
  type RunReport,
  run,
} from "@sluice/core";
import { type DemoOptions, UsageError } from "./args.js";
import type { ConsumerArgs } from "./consumer.js";
import { type LineServer, serveLines } from "./line-server.js";
import { OutputFile } from "./output-file.js";
import { type Place, placeFor } from "./place.js";
import type { ProducerArgs } from "./producer.js";
import type { Paint } from "./story.js";
import { isStory, tell } from "./tell.js";
import { type Adapter, adapterNamed, transportOf } from "./transports.js";

const SIGNALS: readonly EndSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
// Where an item takes no time, several are moved at once; a consumer takes half of the buffer at most.
const BATCH_MAX = 64;

/** Resolves to the exit code. */
export async function demo(options: DemoOptions, say: (line: string) => void, paint: Paint): Promise<number> {
  const adapter = adapterNamed(options.transport);
  const { url, journal } = options;
  const folder = url === undefined ? adapter.folder : undefined;
  const outlives = adapter.outlives || journal !== undefined;
  refuseUseless(options, adapter, outlives);

  const input = options.input === undefined ? undefined : await openInput(options.input);
  let output: OutputFile | undefined;
  let lines: LineServer | undefined;
  let place: Place | undefined;
  let report: RunReport | undefined;
  try {
    output = options.output === undefined ? undefined : await openOutput(options.output, input);
    if (input !== undefined) lines = await serveLines(input.stream);
    if (folder !== undefined) place = placeFor(options.path, folder);
    const transport = await transportOf(adapter, { path: place?.path ?? "", url, journal });
    const running = start(options, transport, lines, output);
    running.on("opened", () => output?.empty());
    const teller = tell(
      running,
      options,
      say,
      paint,
      journal === undefined ? adapter.note : "with a journal",
    );
    report = await withSignals(running);
    const keptAt = journal === undefined ? place?.path : resolve(journal);
    teller.report(report, report.kept && outlives ? keptAt : undefined);
    const problem = lines?.error() ?? unwritten(report, output);
    if (problem !== undefined) process.stderr.write(`demo: ${problem.message}\n`);
    return report.exitCode === 0 && problem !== undefined ? 4 : report.exitCode;
  } catch (error) {
    throw options.path !== undefined && isOfPlace(error) ? badPath(options.path, error) : error;
  } finally {
    await lines?.close();
    input?.stream.destroy();
    // Its broker ends with this process: sooner, so that it takes its socket with it.
    if (report?.kept !== undefined && !outlives && !(await destroyAt(report.kept))) place?.sweep();
    if (report?.kept === undefined || !outlives) place?.tidy();
    // Its broker leaves the place when this process ends.
    else if (journal !== undefined) process.once("exit", () => place?.tidy());
    if (report === undefined) await output?.forget();
    else await output?.finish();
  }
}

function start(
  options: DemoOptions,
  transport: BufferTransport,
  lines: LineServer | undefined,
  output: OutputFile | undefined,
): Run {
  const { capacity, items, consumers, produceMs, consumeMs, idleMs, seed, keep } = options;
  const each = (items: number): ProducerArgs => ({
    items,
    produceMs,
    seed,
    ...(lines && { lines: lines.address }),
  });
  const args: ConsumerArgs = { consumeMs, seed, ...(output && { output: output.path }) };
  // The last items in the buffer are to be consumed at their pace, however slow that is.
  const drainMs = 2 * Math.ceil(capacity / consumers) * consumeMs.max;
  return run({
    transport,
    create: lines === undefined ? { capacity } : { capacity, codec: bytes },
    producers: {
      module: new URL("./producer.js", import.meta.url),
      argsOfEach: items.map(each),
      batch: produceMs.max === 0 ? Math.min(capacity, BATCH_MAX) : 1,
    },
    consumers: {
      module: new URL("./consumer.js", import.meta.url),
      count: consumers,
      args,
      batch: consumeMs.max === 0 ? Math.min(Math.ceil(capacity / 2), BATCH_MAX) : 1,
      ...(idleMs === undefined ? {} : { idleMs }),
    },
    drainDeadlineMs: Math.min(Math.max(30_000, drainMs), 2 ** 31 - 1),
    values: isStory(options),
    keep,
  });
}

/** @throws UsageError */
function refuseUseless(options: DemoOptions, { folder, hasBroker }: Adapter, outlives: boolean): void {
  const { transport, path, keep } = options;
  const ends = `a buffer in ${transport} ends with the demo`;
  if (path !== undefined && folder === undefined) throw new UsageError(`--path is of no use: ${ends}`);
  for (const name of ["url", "journal"] as const) {
    if (options[name] !== undefined && !hasBroker)
      throw new UsageError(`--${name} is of no use: a buffer in ${transport} has no broker`);
  }
  if (!keep || outlives) return;
  throw new UsageError(`--keep is of no use: ${ends}${hasBroker ? " unless there is a --journal" : ""}`);
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

/** The first signal drains, the second stops at once, the third kills. */
async function withSignals(running: Run): Promise<RunReport> {
  const stop = (signal: NodeJS.Signals) => running.stop(signal as EndSignal);
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await running.report;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

interface Input {
  readonly stream: Readable;
  readonly stats: Stats | undefined;
}

async function openInput(path: string): Promise<Input> {
  if (path === "-") {
    // Not fstatSync(0): in Node 20, once that has looked at a pipe, the next import takes a link in its path for the real
    // path (`realpathSync` goes by the kind of file that the last look left behind).
    return { stream: process.stdin, stats: await stat("/dev/stdin").catch(() => undefined) };
  }
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (!stats.isDirectory()) return { stream: file.createReadStream(), stats };
    await file.close();
  } catch (error) {
    throw cannot("read --input", path, error);
  }
  throw new UsageError(`Cannot read --input ${JSON.stringify(path)}: it is a directory`);
}

async function openOutput(path: string, input: Input | undefined): Promise<OutputFile> {
  let output: OutputFile;
  try {
    output = await OutputFile.open(path);
  } catch (error) {
    throw cannot("write --output", path, error);
  }
  if (input?.stats === undefined || !output.isSameAs(input.stats)) return output;
  await output.forget();
  throw new UsageError("--output must be another file than --input");
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

function cannot(what: string, path: string, error: unknown): UsageError {
  const why = error instanceof Error ? error.message : String(error);
  return new UsageError(`Cannot ${what} ${JSON.stringify(path)}: ${why}`);
}

/** Items that did not reach the output are conserved, as dead letters, but not where the user wants them. */
function unwritten(report: RunReport, output: OutputFile | undefined): Error | undefined {
  if (output === undefined || report.dead + report.parked === 0) return undefined;
  return new Error(`${report.dead + report.parked} items could not be written to ${output.path}`);
}
