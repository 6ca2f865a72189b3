/** `pnpm bench`: ours and the peers, side by side in one run. */

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, HELP, readArgs, UsageError } from "./args.js";
import { describeMachine, isInMemory, type Machine } from "./machine.js";
import { measure, type Run } from "./measure.js";
import { type Field, leftOutLines, prepare } from "./prepare.js";
import { table } from "./table.js";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function run(options: BenchOptions): Promise<number> {
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
    print(heading(machine, options));
    const field = await prepare(options.candidates, { directory, signal: stop.signal });
    const candidates = field.ready.map(({ candidate }) => candidate);
    const runs = await measure({
      ...options,
      candidates,
      directory,
      signal: stop.signal,
      onRun: showProgress,
    });
    showProgress("");
    if (code !== 0) return code;
    if (candidates.length > 0) {
      print(`${table(options.works, candidates, runs, options.ratio)}\n\n${footing(field)}`);
    }
    const leftOut = leftOutLines(field, options.works);
    if (leftOut.length > 0) print(`\n${leftOut.join("\n")}`);
    if (options.json !== undefined) writeFileSync(options.json, rawResults(machine, options, field, runs));
    return runs.length > 0 && runs.every(({ outcome }) => outcome.isValid) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function heading(machine: Machine, { rounds, isQuick, items, works }: BenchOptions): string {
  const memory = isInMemory(machine.fileSystem)
    ? ", which is memory and no disk: set TMPDIR to a directory on one\n"
    : "\n";
  const short =
    isQuick || items !== undefined ? "\nToo few items to compare by: this shows that it works." : "";
  const sizes = [...new Set(works.map(({ itemBytes }) => itemBytes))];
  return (
    `${machine.cores} x ${machine.cpu}, ${machine.system} ${machine.architecture}, Node ${machine.node}, ${machine.date}\n` +
    `Buffers on ${machine.fileSystem}${memory}` +
    `Items of ${sizes.join(" and of ")} bytes, every producer and consumer a process. Each run has new processes and a new buffer; ` +
    `each item is checked.\n${rounds === 1 ? "One round" : `Medians of ${rounds} rounds`} through all candidates in turn.${short}\n`
  );
}

function footing({ ready }: Field): string {
  const width = Math.max(...ready.map(({ candidate }) => candidate.name.length));
  const lines = ready.map(({ candidate: { name, about }, version }) => {
    const made = version === undefined ? "" : ` (${version})`;
    return `${name.padEnd(width)}  ${about}${made}`;
  });
  return lines.join("\n");
}

function rawResults(machine: Machine, options: BenchOptions, field: Field, runs: readonly Run[]): string {
  const { works, rounds, isQuick } = options;
  const candidates = field.ready.map(({ candidate, version }) => {
    const { name, about, bound, hasBatches, mayOverlap = false } = candidate;
    return { name, about, bound, hasBatches, mayOverlap, version };
  });
  const leftOut = field.leftOut.map(({ candidate: { name }, why, install }) => ({ name, why, install }));
  return `${JSON.stringify({ machine, rounds, isQuick, candidates, leftOut, works, runs }, undefined, 2)}\n`;
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
  else process.exitCode = await run(command.options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message} (--help shows the options)\n`);
  process.exitCode = 2;
}
