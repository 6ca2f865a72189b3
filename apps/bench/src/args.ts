/** The command line, read and checked whole before anything is made. */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Candidate } from "./candidate.js";
import { candidates } from "./candidates.js";
import { gateTables } from "./gates.js";
import { works } from "./growth.js";
import { ITEM_BYTES_MAX, ITEM_BYTES_MIN, ITEMS_MAX } from "./item.js";
import { count, counts, inputFile, named, namesOf, outputFile, quoted, UsageError } from "./option-values.js";
import type { Ratio, Table } from "./plan.js";
import { type Results, readResults } from "./results.js";
import { ITEMS_MIN } from "./run-count.js";
import { published, quick, type Selection, selections } from "./selections.js";
import { type Work, withBatchesOf, withItemsOf, withOutstanding } from "./works.js";

export interface BenchOptions {
  readonly tables: readonly Table[];
  readonly rounds: number;
  /** Items of every run; undefined for what suits the candidate. */
  readonly items: number | undefined;
  readonly budgetS: number | undefined;
  /** Whether runs are so short that they only show that it works. */
  readonly isQuick: boolean;
}

/** What is made of the results. */
export interface Products {
  readonly gates: boolean;
  /** Of before, to compare with. */
  readonly old: Results | undefined;
  /** Where the raw results go. */
  readonly json: string | undefined;
  readonly page: string | undefined;
  /** What the page names as its raw results: where they go, or else where they come from. */
  readonly raw: string | undefined;
}

export type Command =
  | { readonly kind: "run"; readonly options: BenchOptions; readonly products: Products }
  | { readonly kind: "show"; readonly results: Results; readonly products: Products }
  | { readonly kind: "help" };

export const ROUNDS = 5;
export const ROUNDS_QUICK = 1;
const ROUNDS_MAX = 1_000;
// Core asks a transport for no more at once.
export const BATCH_MAX = 1_024;
// By default no more calls may wait at one end of a buffer of ours.
export const OUTSTANDING_MAX = 10_000;
export const MINUTES_MAX = 10_000;
export const BUDGET_FULL_MIN = 36;
const BUDGET_QUICK_S = 95;

const OPTIONS = {
  quick: { type: "boolean" },
  full: { type: "boolean" },
  gates: { type: "boolean" },
  set: { type: "string" },
  only: { type: "string", multiple: true },
  results: { type: "string" },
  rounds: { type: "string" },
  budget: { type: "string" },
  items: { type: "string" },
  "item-bytes": { type: "string", multiple: true },
  batch: { type: "string", multiple: true },
  outstanding: { type: "string", multiple: true },
  "system-calls": { type: "boolean" },
  against: { type: "string" },
  lead: { type: "string" },
  compare: { type: "string" },
  json: { type: "string" },
  page: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

// What changes the works of a set, or what is told of them.
const SHAPES = ["item-bytes", "batch", "outstanding", "system-calls", "against", "lead"] as const;

type Values = ReturnType<typeof parse>;

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { kind: "help" };
  const old = inputFile("compare", values.compare, readResults);
  const json = outputFile("json", values.json);
  const page = outputFile("page", values.page);
  const results = inputFile("results", values.results, readResults);
  const raw = json ?? (values.results === undefined ? undefined : resolve(values.results));
  const products: Products = { gates: values.gates ?? false, old, json, page, raw };
  if (results === undefined) return { kind: "run", options: benchOptions(values), products };
  const idle = Object.keys(values).find(
    (name) => !["results", "gates", "compare", "json", "page"].includes(name),
  );
  if (idle !== undefined)
    throw new UsageError(`--results measures nothing, and so --${idle} has no meaning with it`);
  return { kind: "show", results, products };
}

function benchOptions(values: Values): BenchOptions {
  const isQuick = values.quick ?? false;
  const selected = selectedBy(values);
  const minutes =
    count("budget", values.budget, 1, MINUTES_MAX) ?? (values.full ? BUDGET_FULL_MIN : undefined);
  const items = count("items", values.items, ITEMS_MIN, ITEMS_MAX);
  return {
    tables: values.gates ? gateTables : selected.map((selection) => tableFrom(selection, values)),
    rounds: count("rounds", values.rounds, 1, ROUNDS_MAX) ?? (isQuick ? ROUNDS_QUICK : ROUNDS),
    items,
    budgetS: minutes === undefined ? (isQuick ? BUDGET_QUICK_S : undefined) : minutes * 60,
    isQuick: isQuick || items !== undefined,
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

function selectedBy(values: Values): readonly Selection[] {
  const given = (["full", "gates", "set", "only", "quick"] as const).filter(
    (name) => values[name] !== undefined,
  );
  if ((values.full || values.gates) && given.length > 1)
    throw new UsageError(`--${given.join(" and --")}: each says what is measured, give one of them`);
  const shape = SHAPES.find((name) => values[name] !== undefined);
  if (values.gates && shape !== undefined)
    throw new UsageError(`--gates says what is measured, and so --${shape} has no meaning with it`);
  if (values.full) return published;
  if (values.set !== undefined) return [named("set", values.set, selections)];
  return [values.quick && values.only === undefined ? quick : selections[0]];
}

// With what was asked for beside the set.
function tableFrom({ itemBytes, ...selection }: Selection, values: Values): Table {
  const only = (values.only ?? []).flatMap((list) => list.split(","));
  for (const name of only) {
    if ([...candidates, ...works].some((known) => known.name === name)) continue;
    throw new UsageError(
      `There is no ${quoted(name)} to measure; there are ${namesOf(candidates)}, and ${namesOf(works)}`,
    );
  }
  const sizes = counts("item-bytes", values["item-bytes"], ITEM_BYTES_MIN, ITEM_BYTES_MAX) ?? itemBytes;
  const batches = counts("batch", values.batch, 2, BATCH_MAX);
  const outstandings = counts("outstanding", values.outstanding, 2, OUTSTANDING_MAX);
  const measured = chosen(candidates, only) ?? selection.candidates;
  const ofSet = works.filter(({ name }) => selection.works.includes(name));
  const shapes = (chosen(works, only) ?? ofSet)
    .flatMap((work) => variants(batches, work, withBatchesOf))
    .flatMap((work) => variants(outstandings, work, withOutstanding));
  return {
    ...selection,
    candidates: measured,
    works: sizes.flatMap((size) => shapes.map((work) => withItemsOf(size, work))),
    ratio: ratioFrom(values, measured) ?? selection.ratio,
    countsSystemCalls: values["system-calls"] ?? (values.full === true && selection.countsSystemCalls),
    // A part of its works is no series.
    series: only.length > 0 ? [] : selection.series,
  };
}

// Those of a kind that are named, if any are.
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  only: readonly string[],
): readonly T[] | undefined {
  const found = all.filter(({ name }) => only.includes(name));
  return found.length === 0 ? undefined : found;
}

function ratioFrom({ against, lead }: Values, measured: readonly Candidate[]): Ratio | undefined {
  if (against !== undefined && lead !== undefined) {
    throw new UsageError("--against and --lead are two ways to print one column: give one of them");
  }
  if (against !== undefined) return { kind: "against", name: named("against", against, measured).name };
  if (lead !== undefined) return { kind: "lead", name: named("lead", lead, measured).name };
  return undefined;
}

// The same work for each of the values; once, where they make no difference to it.
function variants(
  values: readonly number[] | undefined,
  work: Work,
  withValue: (value: number, work: Work) => Work,
): Work[] {
  if (values === undefined) return [work];
  const all = new Map(values.map((value) => withValue(value, work)).map((made) => [made.name, made]));
  return [...all.values()];
}
