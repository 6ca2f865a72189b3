/** The command line, read and checked whole before anything is made. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Candidate } from "./candidate.js";
import { candidates } from "./candidates.js";
import { ITEMS_MAX } from "./item.js";
import { type Work, works } from "./works.js";

export interface BenchOptions {
  readonly candidates: readonly Candidate[];
  readonly works: readonly Work[];
  readonly rounds: number;
  /** Items of every run; undefined for what suits the candidate. */
  readonly items: number | undefined;
  readonly isQuick: boolean;
  /** Where the raw results go. */
  readonly json: string | undefined;
}

export type Command = { readonly kind: "run"; readonly options: BenchOptions } | { readonly kind: "help" };

/** One line for the user, who asked for something that cannot be done: exit code 2. */
export class UsageError extends Error {}

const ROUNDS = 5;
const ROUNDS_QUICK = 1;
const ROUNDS_MAX = 1_000;
// Fewer would leave a worker without an item.
const ITEMS_MIN = 10;

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(", ");

export const HELP: string = `Usage: pnpm bench [options]

Hands items from process to process in several ways, side by side in one run, and prints how fast each was.

  --quick        fewer items and rounds: to see that it works, not to compare by
  --rounds N     how often everything is run, in turns (default: ${ROUNDS}, quick: ${ROUNDS_QUICK})
  --items N      items of every run (default: what takes the candidate one to three seconds)
  --only NAME    only this candidate or this work; may be given several times
  --json FILE    writes the raw results, with a description of the machine
  --help         this text

Candidates: ${names(candidates)}
Works: ${names(works)}

Buffers are made below the directory for temporary files, TMPDIR, and removed in the end.
Exit codes: 0 all runs valid, 1 a run failed, 2 wrong use, 130 and 143 interrupted.
`;

const OPTIONS = {
  quick: { type: "boolean" },
  rounds: { type: "string" },
  items: { type: "string" },
  only: { type: "string", multiple: true },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { kind: "help" };
  const isQuick = values.quick ?? false;
  const only = values.only ?? [];
  for (const name of only) {
    if ([...candidates, ...works].some((known) => known.name === name)) continue;
    throw new UsageError(
      `There is no ${quoted(name)} to measure; there are ${names(candidates)}, and ${names(works)}`,
    );
  }
  return {
    kind: "run",
    options: {
      candidates: chosen(candidates, only),
      works: chosen(works, only),
      rounds: count("rounds", values.rounds, 1, ROUNDS_MAX) ?? (isQuick ? ROUNDS_QUICK : ROUNDS),
      items: count("items", values.items, ITEMS_MIN, ITEMS_MAX),
      isQuick,
      json: values.json === undefined ? undefined : outputFile("json", values.json),
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    // Its first sentence says what is wrong, the rest how positional arguments could be meant.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replace(/\. .*$/s, "").replaceAll(/\s+/g, " "));
  }
}

// All of a kind, unless some of that kind are named.
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  only: readonly string[],
): readonly T[] {
  const named = all.filter(({ name }) => only.includes(name));
  return named.length === 0 ? all : named;
}

function count(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be an integer from ${min} to ${max}, got ${quoted(text)}`);
}

// Looked at now: after minutes of measuring it would be a pity.
function outputFile(name: string, path: string): string {
  if (path === "" || path.includes("\0"))
    throw new UsageError(`--${name} needs the path of a file, got ${quoted(path)}`);
  const full = resolve(path);
  if (statSync(full, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--${name} needs the path of a file, and ${quoted(path)} is a directory`);
  }
  if (!statSync(dirname(full), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--${name} needs a directory that exists, and ${quoted(dirname(path))} does not`);
  }
  return full;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text);
}
