/** `pnpm bench`: ours and the peers, side by side in one run. */

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type BenchOptions, type Products, readArgs } from "./args.js";
import { comparisonText } from "./compare.js";
import { gatesText } from "./gates.js";
import { HELP } from "./help.js";
import { describeMachine, isInMemory } from "./machine.js";
import { measure } from "./measure.js";
import { UsageError } from "./option-values.js";
import { page } from "./page/page.js";
import { leftOutLines, prepare } from "./prepare.js";
import { type Results, resultsOf, resultsText } from "./results.js";
import { findCounter, type SystemCallCounter } from "./system-calls.js";
import { tables as tablesText } from "./table.js";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function run(options: BenchOptions, products: Products): Promise<number> {
  const stop = new AbortController();
  let code = 0;
  for (const [signal, signalCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      code = signalCode;
      stop.abort();
    });
  }
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "sluice-bench-")));
  try {
    const machine = describeMachine(directory);
    print(heading({ ...options, machine, works: options.tables.flatMap(({ works }) => works) }));
    const { signal } = stop;
    const asked = [...new Set(options.tables.flatMap(({ candidates }) => candidates))];
    const field = await prepare(asked, { directory, signal });
    const ready = field.ready.map(({ candidate }) => candidate);
    const tables = options.tables.map((table) => ({
      ...table,
      candidates: table.candidates.filter((candidate) => ready.includes(candidate)),
    }));
    const counter = tables.some(({ countsSystemCalls }) => countsSystemCalls)
      ? counterIn(directory)
      : undefined;
    const measured = await measure({ ...options, tables, counter, directory, signal, onRun: showProgress });
    showProgress("");
    if (code !== 0) return code;
    const results = resultsOf({ ...options, machine }, field, tables, measured);
    if (results.rounds < options.rounds)
      print(`The time was over after ${results.rounds} of ${options.rounds} rounds.\n`);
    if (ready.length > 0) show(results, products);
    const leftOut = leftOutLines(field, results.works);
    if (leftOut.length > 0) print(`\n${leftOut.join("\n")}`);
    write(results, products);
    const runs = [...results.runs, ...results.counted];
    return runs.length > 0 && runs.every(({ outcome }) => outcome.isValid) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function counterIn(directory: string): SystemCallCounter | undefined {
  const counter = findCounter(directory);
  if ("start" in counter) return counter;
  print(`System calls are not counted: ${counter.why}\n`);
  return undefined;
}

const SHORT = "Too few items to compare by: this shows that it works.";

type Headed = Pick<Results, "machine" | "rounds" | "works" | "isQuick">;

function heading({ machine, rounds, works, isQuick }: Headed): string {
  const memory = isInMemory(machine.fileSystem)
    ? ", which is memory and no disk: set TMPDIR to a directory on one\n"
    : "\n";
  const sizes = [...new Set(works.map(({ itemBytes }) => itemBytes))];
  return (
    `${machine.cores} x ${machine.cpu}, ${machine.system} ${machine.architecture}, Node ${machine.node}, ${machine.date}\n` +
    `Buffers on ${machine.fileSystem}${memory}` +
    `Items of ${sizes.join(" and of ")} bytes, every producer and consumer a process. Each run has new processes and a new buffer; ` +
    `each item is checked.\n${rounds === 1 ? "One round" : `Medians of ${rounds} rounds`} through all candidates in turn.\n` +
    (isQuick ? `\n${SHORT}\n` : "")
  );
}

function show(results: Results, { gates, old }: Products): void {
  if (gates) print(gatesText(results));
  else print(`${tablesText(results)}\n\n${footing(results)}`);
  if (old !== undefined) print(`\n${comparisonText(old, results)}`);
}

function footing({ candidates, diskSyncsPerSecond }: Results): string {
  const width = Math.max(...candidates.map(({ name }) => name.length));
  const lines = candidates.map(({ name, about, version }) => {
    const made = version === undefined ? "" : ` (${version})`;
    return `${name.padEnd(width)}  ${about}${made}`;
  });
  if (diskSyncsPerSecond.length > 0) {
    const syncs = diskSyncsPerSecond.map((value) => Math.round(value).toLocaleString("en-US"));
    lines.push(`The disk itself, 64 bytes and fdatasync, a second: ${syncs.join("; ")}`);
  }
  return lines.join("\n");
}

function write(results: Results, { json, page: file, raw }: Products): void {
  if (json !== undefined) writeFileSync(json, resultsText(results));
  if (file === undefined) return;
  // As the page finds them from where it is.
  writeFileSync(file, page(results, raw && relative(dirname(file), raw)));
}

// Only where somebody watches; each line takes the place of the one before.
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  const command = readArgs(process.argv.slice(2));
  if (command.kind === "help") process.stdout.write(HELP);
  else if (command.kind === "run") process.exitCode = await run(command.options, command.products);
  else {
    print(heading(command.results));
    show(command.results, command.products);
    write(command.results, command.products);
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message} (--help shows the options)\n`);
  process.exitCode = 2;
}
