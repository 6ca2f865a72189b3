/** The command line, read and checked whole before anything is made. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Candidate } from "./candidate.js";
import { candidates, selections } from "./candidates.js";
import { ITEM_BYTES_MAX, ITEM_BYTES_MIN, ITEMS_MAX } from "./item.js";
import type { Ratio } from "./table.js";
import {
  BATCH_DEFAULT,
  OUTSTANDING_DEFAULT,
  type Work,
  withBatchesOf,
  withItemsOf,
  withOutstanding,
  works,
} from "./works.js";

export interface BenchOptions {
  readonly candidates: readonly Candidate[];
  /** With items, batches and calls under way of each size that is asked for. */
  readonly works: readonly Work[];
  readonly ratio: Ratio;
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
// Core asks a transport for no more at once.
const BATCH_MAX = 1_024;
// By default no more calls may wait at one end of a buffer of ours.
const OUTSTANDING_MAX = 10_000;

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(", ");

export const HELP: string = `Usage: pnpm bench [options]

Hands items from process to process in several ways, side by side in one run, and prints how fast each was.

  --quick           fewer items and rounds: to see that it works, not to compare by
  --set NAME        what belongs into one table: ${names(selections)} (default: ${selections[0].name})
  --only NAME       only this candidate or this work, of whatever set; several with commas, or by giving it again
  --item-bytes N    size of the items, ${ITEM_BYTES_MIN} to ${ITEM_BYTES_MAX}; several with commas, or by giving it again
  --batch N         most items a call in a work with batches, 2 to ${BATCH_MAX}; several too (default: ${BATCH_DEFAULT})
  --outstanding N   calls under way at once in a work that has many, 2 to ${OUTSTANDING_MAX}; several too (default: ${OUTSTANDING_DEFAULT})
  --against NAME    prints how many times this candidate each one is
  --lead NAME       prints how many times each one this candidate is
  --rounds N        how often everything is run, in turns (default: ${ROUNDS}, quick: ${ROUNDS_QUICK})
  --items N         items of every run (default: what takes the candidate about a second)
  --json FILE       writes the raw results, with a description of the machine
  --help            this text

Candidates: ${names(candidates)}
Works: ${names(works)}
${selections.map(setLine).join("\n")}

A candidate that cannot be measured here is left out, and the output says what it lacks.

Buffers are made below the directory for temporary files, TMPDIR, and removed in the end.
Exit codes: 0 all runs valid, 1 a run failed, 2 wrong use, 130 and 143 interrupted.
`;

function setLine({ name, candidates: all }: (typeof selections)[number]): string {
  return `Set ${name}: ${names(all)}`;
}

const OPTIONS = {
  quick: { type: "boolean" },
  rounds: { type: "string" },
  items: { type: "string" },
  set: { type: "string" },
  only: { type: "string", multiple: true },
  "item-bytes": { type: "string", multiple: true },
  batch: { type: "string", multiple: true },
  outstanding: { type: "string", multiple: true },
  against: { type: "string" },
  lead: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { kind: "help" };
  const isQuick = values.quick ?? false;
  const set = values.set === undefined ? selections[0] : named("set", values.set, selections);
  const only = (values.only ?? []).flatMap((list) => list.split(","));
  for (const name of only) {
    if ([...candidates, ...works].some((known) => known.name === name)) continue;
    throw new UsageError(
      `There is no ${quoted(name)} to measure; there are ${names(candidates)}, and ${names(works)}`,
    );
  }
  const measured = chosen(candidates, only) ?? set.candidates;
  const sizes = counts("item-bytes", values["item-bytes"], ITEM_BYTES_MIN, ITEM_BYTES_MAX) ?? set.itemBytes;
  const batches = counts("batch", values.batch, 2, BATCH_MAX) ?? [BATCH_DEFAULT];
  const outstandings = counts("outstanding", values.outstanding, 2, OUTSTANDING_MAX) ?? [OUTSTANDING_DEFAULT];
  const setWorks = works.filter(({ name }) => set.works?.includes(name) ?? true);
  const chosenWorks = (chosen(works, only) ?? setWorks)
    .flatMap((work) => variants(batches, work, withBatchesOf))
    .flatMap((work) => variants(outstandings, work, withOutstanding));
  return {
    kind: "run",
    options: {
      candidates: measured,
      works: sizes.flatMap((size) => chosenWorks.map((work) => withItemsOf(size, work))),
      ratio: ratioFrom(values, measured) ?? set.ratio,
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

// Those of a kind that are named, if any are.
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  only: readonly string[],
): readonly T[] | undefined {
  const found = all.filter(({ name }) => only.includes(name));
  return found.length === 0 ? undefined : found;
}

function named<T extends { readonly name: string }>(option: string, name: string, all: readonly T[]): T {
  const found = all.find((known) => known.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} must be one of ${names(all)}, got ${quoted(name)}`);
}

function ratioFrom(
  { against, lead }: { readonly against?: string; readonly lead?: string },
  measured: readonly Candidate[],
): Ratio | undefined {
  if (against !== undefined && lead !== undefined) {
    throw new UsageError("--against and --lead are two ways to print one column: give one of them");
  }
  if (against !== undefined) return { kind: "against", name: named("against", against, measured).name };
  if (lead !== undefined) return { kind: "lead", name: named("lead", lead, measured).name };
  return undefined;
}

// The same work for each of the values; once, where they make no difference to it.
function variants(
  values: readonly number[],
  work: Work,
  withValue: (value: number, work: Work) => Work,
): Work[] {
  const all = new Map(values.map((value) => withValue(value, work)).map((made) => [made.name, made]));
  return [...all.values()];
}

function counts(
  name: string,
  lists: readonly string[] | undefined,
  min: number,
  max: number,
): number[] | undefined {
  const values = lists
    ?.flatMap((list) => list.split(","))
    .map((text) => count(name, text, min, max) as number);
  return values && [...new Set(values)];
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
