/**
 * Writes down what a process does, so that it can be judged later. Each process has its own file, opened to append, and the
 * line of an invocation is written before the call: what a killed process had begun is known, what it had finished too.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { HistoryError } from "./history-error.js";
import { type Line, OPERATION_KINDS, type Operation, type OperationKind, type Outcome } from "./operation.js";
import { list, mergeLines } from "./read-history.js";

/** What is known of an operation besides its kind; see `Operation`. */
interface Told {
  readonly value?: string | undefined;
  readonly deliveries?: number | undefined;
  readonly leaseMs?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Where one process writes down what it does. */
export interface Recorder {
  /** Writes the invocation; returns what writes the return. @throws HistoryError for a kind that there is not. */
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
      checkKind(kind);
      const id = ++last;
      write({ inv: id, kind, at: now(), ...given(told) });
      return (outcome, more = {}) => {
        write({ ret: id, at: now(), outcome, ...given(more) });
      };
    },
    close: () => closeSync(file),
  };
}

/**
 * The same without a file, for a history within one process.
 *
 * @throws HistoryError by `recorder` for a name that was given before.
 */
export function recordInMemory(): { recorder(process: string): Recorder; operations(): Operation[] } {
  const files = new Map<string, Line[]>();
  return {
    recorder(process) {
      if (files.has(process)) throw new HistoryError(`Expected one recorder of ${process}, got two`);
      const lines: Line[] = [];
      files.set(process, lines);
      return {
        begin(kind, told = {}) {
          checkKind(kind);
          const id = lines.length;
          lines.push({ inv: id, kind, at: now(), ...given(told) });
          return (outcome, more = {}) => {
            lines.push({ ret: id, at: now(), outcome, ...given(more) });
          };
        },
        close() {},
      };
    },
    operations: () => mergeLines(files),
  };
}

function checkKind(kind: OperationKind): void {
  if (OPERATION_KINDS.includes(kind)) return;
  throw new HistoryError(`Expected kind to be ${list(OPERATION_KINDS)}, got ${JSON.stringify(kind)}`);
}

/** CLOCK_MONOTONIC: comparable between the processes of one host. */
function now(): string {
  return String(process.hrtime.bigint());
}

function given(told: Told): { value?: string; deliveries?: number; leaseMs?: number; bytes?: number } {
  return {
    ...(told.value === undefined ? {} : { value: told.value }),
    ...(told.deliveries === undefined ? {} : { deliveries: told.deliveries }),
    ...(told.leaseMs === undefined ? {} : { leaseMs: told.leaseMs }),
    ...(told.bytes === undefined ? {} : { bytes: told.bytes }),
  };
}
