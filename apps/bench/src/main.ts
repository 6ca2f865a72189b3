/** `pnpm bench`: ours and the peers, side by side in one run. */

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, HELP, readArgs, UsageError } from "./args.js";
import { baseline } from "./candidates.js";
import { ITEM_BYTES } from "./item.js";
import { describeMachine, isInMemory, type Machine } from "./machine.js";
import { measure, type Run } from "./measure.js";
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
    const runs = await measure({ ...options, directory, signal: stop.signal, onRun: showProgress });
    showProgress("");
    if (code !== 0) return code;
    print(`${table(options.works, options.candidates, runs, baseline.name)}\n\n${footing(options)}`);
    if (options.json !== undefined) writeFileSync(options.json, rawResults(machine, options, runs));
    return runs.every(({ outcome }) => outcome.isValid) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function heading(machine: Machine, { rounds, isQuick, items }: BenchOptions): string {
  const memory = isInMemory(machine.fileSystem)
    ? ", which is memory and no disk: set TMPDIR to a directory on one\n"
    : "\n";
  const short =
    isQuick || items !== undefined ? "\nToo few items to compare by: this shows that it works." : "";
  return (
    `${machine.cores} x ${machine.cpu}, ${machine.system} ${machine.architecture}, Node ${machine.node}, ${machine.date}\n` +
    `Buffers on ${machine.fileSystem}${memory}` +
    `Items of ${ITEM_BYTES} bytes, every producer and consumer a process. Each run has new processes and a new buffer; ` +
    `each item is checked.\n${rounds === 1 ? "One round" : `Medians of ${rounds} rounds`} through all candidates in turn.${short}\n`
  );
}

function footing({ candidates }: BenchOptions): string {
  const width = Math.max(...candidates.map(({ name }) => name.length));
  return candidates.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join("\n");
}

function rawResults(machine: Machine, options: BenchOptions, runs: readonly Run[]): string {
  const { works, candidates, rounds, isQuick } = options;
  const named = candidates.map(({ name, about, hasBatches }) => ({ name, about, hasBatches }));
  return `${JSON.stringify({ machine, itemBytes: ITEM_BYTES, rounds, isQuick, candidates: named, works, runs }, undefined, 2)}\n`;
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
