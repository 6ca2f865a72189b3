/**
 * Writes down what a process does, so that it can be judged later. Each process has its own file, opened to append, and the
 * line of an invocation is written before the call: what a killed process had begun is known, what it had finished too.
 */

import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import type { Line, Operation, OperationKind, Outcome } from "./operation.js";

interface Told {
  readonly value?: string | undefined;
  readonly deliveries?: number | undefined;
}

/** Where one process writes down what it does. */
export interface Recorder {
  /** Writes the invocation; returns what writes the return. */
  begin(kind: OperationKind, told?: Told): (outcome: Outcome, told?: Told) => void;
  close(): void;
}

/** @param folder - one of the run's own, with nothing else in it. @param process - unique in the run. */
export function recordTo(folder: string, process: string): Recorder {
  const file = openSync(join(folder, `${process}.jsonl`), "a", 0o600);
  let last = 0;
  const write = (line: Line) => writeSync(file, `${JSON.stringify(line)}\n`);
  return {
    begin(kind, told = {}) {
      const id = ++last;
      write({ inv: id, kind, at: now(), ...given(told) });
      return (outcome, more = {}) => {
        write({ ret: id, at: now(), outcome, ...given(more) });
      };
    },
    close: () => closeSync(file),
  };
}

/** The same without a file, for a history within one process. */
export function recordInMemory(): { recorder(process: string): Recorder; operations(): Operation[] } {
  const files = new Map<string, Line[]>();
  return {
    recorder(process) {
      const lines: Line[] = [];
      files.set(process, lines);
      return {
        begin(kind, told = {}) {
          const id = lines.length;
          lines.push({ inv: id, kind, at: now(), ...given(told) });
          return (outcome, more = {}) => {
            lines.push({ ret: id, at: now(), outcome, ...given(more) });
          };
        },
        close() {},
      };
    },
    operations: () => merge(files),
  };
}

/** All files of a run, as one history. A line cut short by a kill is the last of its file, and left out. */
export function readHistory(folder: string): Operation[] {
  const files = new Map<string, Line[]>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".jsonl")) continue;
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    const whole = lines.slice(0, -1).map((line) => JSON.parse(line) as Line);
    files.set(basename(name, ".jsonl"), whole);
  }
  return merge(files);
}

function merge(files: ReadonlyMap<string, readonly Line[]>): Operation[] {
  const times = [...files.values()].flatMap((lines) => lines.map((line) => BigInt(line.at)));
  const start = times.sort((a, b) => (a < b ? -1 : 1))[0] ?? 0n;
  // A difference of nanoseconds is exact as a number for a hundred days.
  const since = (at: string) => Number(BigInt(at) - start);
  const operations: Operation[] = [];
  for (const [process, lines] of files) {
    const begun = new Map<number, Operation>();
    for (const line of lines) {
      if ("inv" in line) {
        const { inv: id, kind, at, ...told } = line;
        begun.set(id, {
          process,
          id,
          kind,
          ...told,
          invokedAt: since(at),
          returnedAt: Infinity,
          outcome: undefined,
        });
      } else {
        const { ret: id, at, outcome, ...told } = line;
        const operation = begun.get(id);
        if (operation === undefined)
          throw new Error(`The history of ${process} has a return without invocation: ${id}`);
        begun.set(id, { ...operation, ...told, returnedAt: since(at), outcome });
      }
    }
    operations.push(...begun.values());
  }
  return operations.sort((a, b) => a.invokedAt - b.invokedAt);
}

/** CLOCK_MONOTONIC: comparable between the processes of one host. */
function now(): string {
  return String(process.hrtime.bigint());
}

function given(told: Told): { value?: string; deliveries?: number } {
  return {
    ...(told.value === undefined ? {} : { value: told.value }),
    ...(told.deliveries === undefined ? {} : { deliveries: told.deliveries }),
  };
}
