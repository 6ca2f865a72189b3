/** The command line, read and checked whole before anything is made. */

import { parseArgs } from "node:util";
import type { WorkerRole } from "@sluice/core";

/** Milliseconds, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export interface DemoOptions {
  readonly transport: string;
  readonly capacity: number;
  /** `capacity` was asked for. */
  readonly isCapacityGiven: boolean;
  /** How many items each producer makes; with `input` only their number counts. */
  readonly items: readonly number[];
  readonly consumers: number;
  readonly produceMs: Range;
  readonly consumeMs: Range;
  readonly idleMs: number | undefined;
  readonly seed: number;
  /** A file, or `-` for standard input. */
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly path: string | undefined;
  /** Where a broker listens. */
  readonly url: string | undefined;
  /** What a broker keeps on a disk. */
  readonly journal: string | undefined;
  readonly keep: boolean;
  /** Whom to kill, one each `everyMs`. */
  readonly kill: WorkerRole | undefined;
  readonly everyMs: number;
  /** How many of the items fail each time. */
  readonly poison: number;
  /** Workers are started again however often they crash. */
  readonly restart: boolean;
  /** The buffer is there, from a run before. */
  readonly resume: boolean;
  /** The log, also on a terminal. */
  readonly plain: boolean;
  readonly json: boolean;
}

export type Command =
  | { readonly kind: "run"; readonly options: DemoOptions }
  | { readonly kind: "list"; readonly json: boolean }
  | { readonly kind: "help" };

/** One line for the user, who asked for something that cannot be done: exit code 2. */
export class UsageError extends Error {}

const OPTIONS = {
  transport: { type: "string" },
  capacity: { type: "string" },
  producers: { type: "string" },
  items: { type: "string" },
  consumers: { type: "string" },
  "produce-ms": { type: "string" },
  "consume-ms": { type: "string" },
  "idle-ms": { type: "string" },
  seed: { type: "string" },
  input: { type: "string" },
  output: { type: "string" },
  path: { type: "string" },
  url: { type: "string" },
  journal: { type: "string" },
  keep: { type: "boolean" },
  kill: { type: "string" },
  every: { type: "string" },
  poison: { type: "string" },
  restart: { type: "boolean" },
  resume: { type: "boolean" },
  plain: { type: "boolean" },
  json: { type: "boolean" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const DEFAULT_TRANSPORT = "file";
const WORKERS_MAX = 256;
const COUNT_MAX = 2 ** 31 - 1;
const DEFAULT_ITEMS = [5, 4];
const DEFAULT_EVERY_MS = 500;
// Every consumer is told each of them.
const POISON_MAX = 10_000;

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const { values, tokens } = parse(args);
  const json = values.json ?? false;
  if (values.help) return { kind: "help" };
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice`);
    seen.add(token.name);
  }
  if (values.list) return { kind: "list", json };

  const { input, output } = values;
  const isBulk = input !== undefined;
  if (input !== undefined && values.items !== undefined) {
    throw new UsageError("--items and --input exclude each other: the lines of the input are the items");
  }
  for (const name of ["transport", "input", "output", "path", "url", "journal"] as const) {
    if (values[name] === "") throw new UsageError(`--${name} needs a value, got an empty one`);
    if (values[name]?.includes("\0")) throw new UsageError(`--${name} must not contain a NUL character`);
  }
  if (values.path !== undefined && values.url !== undefined)
    throw new UsageError("--path and --url exclude each other: both say where the buffer is");
  if (output === "-")
    throw new UsageError('--output needs a file; standard output tells the story, so "-" cannot be it');
  if (values.every !== undefined && values.kill === undefined)
    throw new UsageError("--every is of no use without --kill: it says how often one is killed");
  if (values.resume && isBulk)
    throw new UsageError(
      "--resume and --input exclude each other: which lines are in the buffer nobody knows",
    );
  const each = items(values.producers, values.items);
  return {
    kind: "run",
    options: {
      transport: values.transport ?? DEFAULT_TRANSPORT,
      capacity: count("capacity", values.capacity, 1, COUNT_MAX) ?? 5,
      isCapacityGiven: values.capacity !== undefined,
      items: each,
      consumers: count("consumers", values.consumers, 1, WORKERS_MAX) ?? 2,
      produceMs:
        range("produce-ms", values["produce-ms"]) ?? (isBulk ? { min: 0, max: 0 } : { min: 20, max: 80 }),
      consumeMs:
        range("consume-ms", values["consume-ms"]) ?? (isBulk ? { min: 0, max: 0 } : { min: 400, max: 700 }),
      idleMs: count("idle-ms", values["idle-ms"], 1, COUNT_MAX),
      seed: count("seed", values.seed, 0, COUNT_MAX) ?? Math.floor(Math.random() * 1_000_000),
      input,
      output,
      path: values.path,
      url: values.url,
      journal: values.journal,
      keep: values.keep ?? false,
      kill: role(values.kill),
      everyMs: time("every", values.every) ?? DEFAULT_EVERY_MS,
      poison: poison(values.poison, isBulk, each),
      restart: values.restart ?? false,
      resume: values.resume ?? false,
      plain: values.plain ?? false,
      json,
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, tokens: true });
  } catch (error) {
    // Its first sentence says what is wrong, the rest how positional arguments could be meant.
    const message = error instanceof Error ? error.message : String(error);
    const ambiguous = /'(--[\w-]+).*' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous !== undefined)
      throw new UsageError(`${ambiguous} must be followed by a value that does not begin with -`);
    throw new UsageError(message.replace(/\. .*$/s, "").replaceAll(/\s+/g, " "));
  }
}

function items(producers: string | undefined, given: string | undefined): number[] {
  const workers = count("producers", producers, 1, WORKERS_MAX);
  const each = given?.split(",").map((text) => count("items", text, 0, COUNT_MAX) ?? 0);
  if (each === undefined) {
    return Array.from(
      { length: workers ?? DEFAULT_ITEMS.length },
      (_, i) => DEFAULT_ITEMS[i % DEFAULT_ITEMS.length] ?? 0,
    );
  }
  if (each.length > WORKERS_MAX)
    throw new UsageError(`--items is for at most ${WORKERS_MAX} producers, got ${each.length}`);
  if (workers === undefined || workers === each.length) return each;
  const [all] = each;
  if (all !== undefined && each.length === 1) return Array<number>(workers).fill(all);
  throw new UsageError(`--items has ${each.length} numbers for ${workers} producers`);
}

function count(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be an integer from ${min} to ${max}, got ${JSON.stringify(text)}`);
}

function range(name: string, text: string | undefined): Range | undefined {
  if (text === undefined) return undefined;
  const [, low, high] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  const min = Number(low);
  const max = Number(high ?? low);
  if (min <= max && max <= COUNT_MAX) return { min, max };
  throw new UsageError(`--${name} must be milliseconds such as 20 or 20-80, got ${JSON.stringify(text)}`);
}

function role(text: string | undefined): WorkerRole | undefined {
  if (text === undefined || text === "producer" || text === "consumer") return text;
  throw new UsageError(`--kill must be producer or consumer, got ${JSON.stringify(text)}`);
}

/** In milliseconds. */
function time(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit] = /^(\d{1,10})(ms|s)$/.exec(text) ?? [];
  const ms = Number(number) * (unit === "s" ? 1000 : 1);
  if (ms >= 1 && ms <= COUNT_MAX) return ms;
  throw new UsageError(`--${name} must be a time such as 500ms or 2s, got ${JSON.stringify(text)}`);
}

function poison(text: string | undefined, isBulk: boolean, items: readonly number[]): number {
  if (text !== undefined && isBulk)
    throw new UsageError("--poison and --input exclude each other: how many lines there are nobody knows");
  const total = items.reduce((sum, n) => sum + n, 0);
  const most = Math.min(total, POISON_MAX);
  const number = count("poison", text, 0, COUNT_MAX) ?? 0;
  if (number <= most) return number;
  const limit = total <= POISON_MAX ? `there are ${total} items` : `it is for at most ${POISON_MAX}`;
  throw new UsageError(`--poison ${number} is too many: ${limit}`);
}
