/** Reads what `recordTo` wrote, and refuses what it cannot have written. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { HistoryError } from "./history-error.js";
import {
  type Line,
  OPERATION_KINDS,
  type Operation,
  type OperationKind,
  OUTCOMES,
  type Outcome,
} from "./operation.js";

/**
 * All files of a run, as one history in the order of the invocations. A line cut short by a kill is the last of its file, and
 * left out.
 *
 * @throws HistoryError for a line that `recordTo` does not write, and for a clock that runs backwards.
 */
export function readHistory(folder: string): Operation[] {
  const files = new Map<string, Line[]>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".jsonl")) continue;
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    const whole = lines.slice(0, -1).map((line, index) => parseLine(line, `${name}:${index + 1}`));
    files.set(basename(name, ".jsonl"), whole);
  }
  return mergeLines(files);
}

/** One history from the lines of each process. */
export function mergeLines(files: ReadonlyMap<string, readonly Line[]>): Operation[] {
  let start: bigint | undefined;
  for (const lines of files.values()) {
    const first = lines[0] === undefined ? undefined : BigInt(lines[0].at);
    if (first !== undefined && (start === undefined || first < start)) start = first;
  }
  const operations = [...files].flatMap(([process, lines]) => operationsOf(process, lines, start ?? 0n));
  return operations.sort((a, b) => a.invokedAt - b.invokedAt);
}

function operationsOf(process: string, lines: readonly Line[], start: bigint): Operation[] {
  const begun = new Map<number, Operation>();
  let last = 0;
  for (const line of lines) {
    // A difference of nanoseconds is exact as a number for a hundred days.
    const now = Number(BigInt(line.at) - start);
    if (now < last) {
      const told = `${(last - now) / 1e6} ms before the line above it`;
      throw new HistoryError(
        `Expected the clock of ${process} to run forwards, got ${JSON.stringify(line)}, ${told}`,
      );
    }
    last = now;
    if ("inv" in line) {
      const { inv: id, kind, at: _, ...told } = line;
      if (begun.has(id)) throw new HistoryError(`Expected one invocation ${id} of ${process}, got two`);
      const open = { invokedAt: now, returnedAt: Infinity, outcome: undefined };
      begun.set(id, { process, id, kind, ...told, ...open });
    } else {
      const { ret: id, at: _, outcome, ...told } = line;
      const operation = begun.get(id);
      if (operation === undefined) {
        throw new HistoryError(`Expected an invocation ${id} of ${process} before its return, got none`);
      }
      if (operation.outcome !== undefined) {
        throw new HistoryError(`Expected one return of invocation ${id} of ${process}, got two`);
      }
      begun.set(id, { ...operation, ...told, returnedAt: now, outcome });
    }
  }
  return [...begun.values()];
}

function parseLine(text: string, where: string): Line {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw new HistoryError(`Expected a line of JSON at ${where}, got ${shown}`);
  }
  if (typeof line !== "object" || line === null) {
    throw new HistoryError(`Expected an invocation or a return at ${where}, got ${shown}`);
  }
  const { inv, ret, kind, outcome, at, value, deliveries, leaseMs, bytes } = line as Record<string, unknown>;
  const expect = (holds: boolean, what: string, value: unknown) => {
    if (holds) return;
    throw new HistoryError(`Expected ${what} at ${where}, got ${JSON.stringify(value) ?? "nothing"}`);
  };
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  expect((inv === undefined) !== (ret === undefined), "either inv or ret", { inv, ret });
  expect(isCount(inv ?? ret), "inv or ret to be an integer from 0", inv ?? ret);
  expect(typeof at === "string" && /^\d+$/.test(at), "at to be digits, the nanoseconds of a clock", at);
  if (ret === undefined) expect(isOneOf(OPERATION_KINDS, kind), `kind to be ${list(OPERATION_KINDS)}`, kind);
  else expect(isOneOf(OUTCOMES, outcome), `outcome to be ${list(OUTCOMES)}`, outcome);
  expect(value === undefined || typeof value === "string", "value to be a text", value);
  expect(deliveries === undefined || isCount(deliveries), "deliveries to be an integer from 0", deliveries);
  expect(leaseMs === undefined || isDuration(leaseMs), "leaseMs to be a number from 0", leaseMs);
  expect(bytes === undefined || isCount(bytes), "bytes to be an integer from 0", bytes);
  return line as Line;
}

const ANSWERS: Record<OperationKind, readonly Outcome[]> = {
  put: ["ok", "full", "sealed"],
  take: ["ok", "empty", "end"],
  lease: ["ok", "empty", "end"],
  ack: ["ok", "lost"],
  nack: ["ok", "lost"],
  release: ["ok", "lost"],
  seal: ["ok"],
};

/** @throws HistoryError for an operation that cannot be: hand-made histories do not come through `readHistory`. */
export function validateOperations(operations: readonly Operation[]): void {
  for (const one of operations) {
    const expect = (holds: boolean, what: string, value: unknown) => {
      if (holds) return;
      const who = `${one.kind} #${one.id} of ${one.process}`;
      throw new HistoryError(`Expected ${what} in ${who}, got ${value}`);
    };
    expect(OPERATION_KINDS.includes(one.kind), `kind to be ${list(OPERATION_KINDS)}`, one.kind);
    const allowed = [...ANSWERS[one.kind], "none", "unknown"];
    expect(
      one.outcome === undefined || allowed.includes(one.outcome),
      `outcome to be ${list(allowed)}`,
      one.outcome,
    );
    expect(Number.isFinite(one.invokedAt), "invokedAt to be a number", one.invokedAt);
    expect(one.returnedAt >= one.invokedAt, `returnedAt to be from ${one.invokedAt}`, one.returnedAt);
    expect(
      one.leaseMs === undefined || isDuration(one.leaseMs),
      "leaseMs to be a number from 0",
      one.leaseMs,
    );
    if (one.outcome !== "ok") continue;
    expect(one.kind === "seal" || one.value !== undefined, "value to be the item", one.value);
  }
}

function isDuration(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

function isOneOf(allowed: readonly string[], value: unknown): boolean {
  return typeof value === "string" && allowed.includes(value);
}

/** For messages: `put, take or lease`. */
export function list(allowed: readonly string[]): string {
  return `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
}
