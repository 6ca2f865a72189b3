/** Runs the rules on one transport, and says of each what came of it. */

import { setImmediate as turn } from "node:timers/promises";
import { randomFrom, seedFromEnvironment } from "@sluice/history-checker/random";
import { sectionsOf } from "./group.js";
import { checkMembers, type Harness } from "./harness.js";
import { newContext } from "./kit/context.js";
import { describe, RuleBroken } from "./kit/expect.js";
import { watchPauses } from "./kit/pauses.js";
import { unlessAborted } from "./kit/unless-aborted.js";
import { awaited } from "./kit/waiting.js";
import { replayLine } from "./replay.js";
import { keepHistories } from "./report/keep-histories.js";
import type { KeptHistory } from "./report/kept-history.js";
import { isUpTo, LEVELS, type Level, type Rule, type Skip, Unable } from "./rule.js";
import { RULES } from "./rules/index.js";
import { type Timing, timingFromEnvironment } from "./timing.js";
import { messageOf } from "./verdict-text.js";

/** A rule may wait for many things one after the other; for so many signal times in all. */
const RULE_SIGNALS_MAX = 11;
/** One of stress does more of them. */
const STRESS_SIGNALS_MAX = 110;
/** What is made for one of stress is made in the crowd. */
const STRESS_MAKING_SIGNALS = 10;

/** Of a rule with times of its own, on a machine that stands still again and again. */
const TIMED_RUNS_MAX = 5;

/** What went wrong where nobody looked: in a promise, or in a timer of the adapter. */
const STRAYS = ["unhandledRejection", "uncaughtException"] as const;

/** What came of one rule. */
export interface Verdict {
  readonly rule: string;
  readonly title: string;
  readonly level: Level;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  readonly reason?: string;
  /** Skipped although it applies: what it needs is missing on this machine. */
  readonly isUnable?: boolean;
  readonly error?: unknown;
  readonly ms: number;
  /** What its processes did, of rules that write it down. */
  readonly histories?: readonly KeptHistory[];
}

/** Which rules are run, and how hard. */
export interface RunOptions {
  /** Numbers of rules, `BOUND-1`, or of whole sections, `BOUND`. Default: all. */
  readonly only?: readonly string[];
  /** Numbers of rules, or of whole sections, that are not run, also where `only` names them. Default: none. */
  readonly except?: readonly string[];
  /** The rules of this level and of those before it. Default: `SLUICE_LEVEL`, else all but `stress`. */
  readonly level?: Level;
  /** Default: `SLUICE_SEED`, else a new one. */
  readonly seed?: number;
  readonly timing?: Timing;
  /** Multiplies the trials of stochastic rules. Default: `SLUICE_EFFORT`, else 1. */
  readonly effort?: number;
  /** Of single rules, by number, what they get where `effort` says less: `{ "DISK-1": 20 }`. */
  readonly effortAtLeast?: Readonly<Record<string, number>>;
  /**
   * Folder in which the histories of rules that failed are kept. Default: `SLUICE_HISTORIES`, else where the system has its
   * temporary files; the message of the failure says where.
   */
  readonly historiesIn?: string;
  /** Told of each rule, before it is run. */
  readonly onRule?: (rule: Rule, at: number, of: number) => void;
  /** Told of what came of each. */
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Ends the run when it is aborted: the rule under way is given up, what it holds is let go, and the others are not run. */
  readonly signal?: AbortSignal;
  /**
   * What the command was given as the harness: a failure then names the command that runs the rule again. Default: it names the
   * variables by which a test runner does, and, of vitest, jest and node:test, its command.
   */
  readonly module?: string;
}

/**
 * Runs the rules one after the other.
 *
 * @returns a verdict for each that came to its end.
 * @throws RangeError for a number in `only`, `except` or `effortAtLeast` that is no rule's, for a level that there is not, and where
 * nothing is left to be run; TypeError for a member of the harness that there is not.
 */
export async function runContract(harness: Harness, options: RunOptions = {}): Promise<Verdict[]> {
  checkMembers(harness);
  const seed = options.seed ?? seedFromEnvironment();
  const rules = chosenRules(options);
  const verdicts: Verdict[] = [];
  for (const [at, rule] of rules.entries()) {
    if (options.signal?.aborted) break;
    options.onRule?.(rule, at, rules.length);
    const verdict = await judge(rule, harness, { ...options, seed });
    if (options.signal?.aborted) break;
    options.onVerdict?.(verdict);
    verdicts.push(verdict);
  }
  return verdicts;
}

/**
 * At least one.
 *
 * @throws RangeError for a number in `only`, `except` or `effortAtLeast` that is no rule's, for a level that there is not, and where
 * nothing is left.
 */
export function chosenRules(options: RunOptions): readonly Rule[] {
  const { only, except = [], effortAtLeast = {}, level = levelFromEnvironment() } = options;
  const isNamed = (rule: Rule, name: string) => rule.number === name || rule.number.startsWith(`${name}-`);
  const unknown =
    [...(only ?? []), ...except].find((name) => !RULES.some((rule) => isNamed(rule, name))) ??
    Object.keys(effortAtLeast).find((name) => !RULES.some(({ number }) => number === name));
  if (unknown !== undefined) {
    const sections = sectionsOf(unknown);
    const meant = sections.length === 0 ? "" : `: it is a group, of ${sections.join(", ")}`;
    throw new RangeError(`There is no rule or section of rules called ${JSON.stringify(unknown)}${meant}`);
  }
  const named = RULES.filter((rule) => only?.some((name) => isNamed(rule, name)) ?? true);
  const left = named.filter((rule) => !except.some((name) => isNamed(rule, name)));
  // A rule that is asked for by its own number is run, whatever its level.
  const chosen = left.filter((rule) => only?.includes(rule.number) || isUpTo(level, rule));
  if (chosen.length > 0) return chosen;
  // A run of nothing would pass for ever.
  const asked = only === undefined ? "all rules" : `only ${only.join(", ") || "[]"}`;
  const but = except.length === 0 ? "" : ` except ${except.join(", ")}`;
  const levels = LEVELS.filter((one) => left.some((rule) => rule.level === one));
  const why =
    left.length > 0
      ? `the rules are of level ${levels.join(" and ")}, and those up to ${level} are run`
      : named.length > 0
        ? "each of them is left out"
        : "none is named";
  throw new RangeError(`Expected a rule to be left to run, ${asked}${but} leaves none: ${why}`);
}

/** One rule. Never throws: what the rule threw is in the verdict, with what is needed to run it again. */
export async function judge(
  rule: Rule,
  harness: Harness,
  options: RunOptions & { seed: number },
): Promise<Verdict> {
  const { number, title, level } = rule;
  const about = { rule: number, title, level };
  const began = performance.now();
  const { histories, failure, leftovers = [] } = await run(rule, harness, options);
  const ms = performance.now() - began;
  // Whatever it met: it was given up.
  if (options.signal?.aborted)
    return { ...about, outcome: "skipped", reason: "the run was ended", isUnable: true, ms };
  if (failure === undefined) return { ...about, outcome: "passed", ms, histories };
  if ("skip" in failure) return { ...about, outcome: "skipped", ...failure.skip, ms };
  const error = named({ ...failure, rule, histories, leftovers }, options);
  return { ...about, outcome: "failed", error, ms, histories };
}

interface Ran {
  readonly histories: readonly KeptHistory[];
  readonly failure?: { readonly error: unknown } | { readonly skip: Skip };
  /** What could not be cleared away, in sentences. */
  readonly leftovers?: readonly string[];
}

/** A rule with times of its own is run again where it failed and this process stood still for longer than a lease. */
async function run(rule: Rule, harness: Harness, options: RunOptions & { seed: number }): Promise<Ran> {
  if (!rule.isTimed) return runOnce(rule, harness, options);
  const { leaseMs } = options.timing ?? timingFromEnvironment();
  for (let runs = 1; ; runs++) {
    const endWatch = watchPauses();
    let longestPauseMs = 0;
    const ran = await runOnce(rule, harness, options).finally(() => {
      longestPauseMs = endWatch();
    });
    const hasFailed = ran.failure !== undefined && "error" in ran.failure;
    const isChance = hasFailed && longestPauseMs > leaseMs;
    if (!isChance || runs >= runsMax(rule) || options.signal?.aborted) return ran;
  }
}

async function runOnce(rule: Rule, harness: Harness, options: RunOptions & { seed: number }): Promise<Ran> {
  try {
    const skip = rule.skip(harness);
    if (skip !== undefined) return { histories: [], failure: { skip } };
  } catch (error) {
    return { histories: [], failure: { error } };
  }
  const effort = effortFor(rule, options);
  const { context, end } = newContext(harness, {
    timing: options.timing ?? timingFromEnvironment(),
    // Each rule has numbers of its own, so that it can be run again alone.
    random: randomFrom(options.seed).fork(rule.number),
    effort,
    makingSignals: rule.level === "stress" ? STRESS_MAKING_SIGNALS : 1,
  });
  const { histories } = context;
  let failure: { readonly error: unknown } | undefined;
  // Nobody awaits these: not the rule, or core would have handed them to it.
  const strays: unknown[] = [];
  const onStray = (reason: unknown) => void strays.push(reason);
  for (const event of STRAYS) process.on(event, onStray);
  try {
    const ran = unlessAborted(rule.run(context), options.signal);
    await context.within(ran, signalsMax(rule, effort), "the rule");
  } catch (error) {
    failure = { error };
  }
  const leftovers = await end();
  // Rejections are reported when the microtasks of their turn are through.
  await turn();
  for (const event of STRAYS) process.off(event, onStray);
  if (strays.length > 0) failure ??= { error: strays[0] };
  const [first, ...more] = leftovers;
  // Whatever came of the rule: a place that is not cleared away is somebody's mistake.
  if (first !== undefined && (failure === undefined || failure.error instanceof Unable))
    return { histories, failure: { error: new RuleBroken(first) }, leftovers: more };
  if (failure === undefined) return { histories };
  const { error } = failure;
  return error instanceof Unable
    ? { histories, failure: { skip: { reason: error.message, isUnable: true } } }
    : { histories, failure, leftovers };
}

/** How often a rule may be run until there is a verdict. */
export function runsMax({ isTimed }: Rule): number {
  return isTimed ? TIMED_RUNS_MAX : 1;
}

/** How many signal times a rule may take in all, each time that it is run. */
export function signalsMax({ level }: Rule, effort: number): number {
  return (level === "stress" ? STRESS_SIGNALS_MAX : RULE_SIGNALS_MAX) * Math.max(1, effort);
}

interface Failed {
  readonly error: unknown;
  readonly rule: Rule;
  readonly histories: readonly KeptHistory[];
  readonly leftovers: readonly string[];
}

function named({ error, rule, histories, leftovers }: Failed, options: RunOptions & { seed: number }): Error {
  const told = messageOf(error);
  const what = error instanceof RuleBroken ? undefined : awaited.get(error as object);
  const text = what === undefined ? told : `Expected ${what} to go well, it rejected with ${describe(error)}`;
  const { seed, module, historiesIn } = options;
  const kept =
    histories.length === 0
      ? ""
      : `; what its processes did is kept in ${keepHistories(rule.number, histories, historiesIn)}`;
  const again = replayLine(rule, { seed, effort: effortFor(rule, options), module });
  const lines = [`${rule.number}: ${text}`, ...leftovers, `(run it again: ${again}${kept})`];
  return new Error(lines.join("\n"), { cause: error });
}

/** How hard a rule is tried. */
export function effortFor({ number }: Rule, options: RunOptions): number {
  const effort = options.effort ?? effortFromEnvironment();
  return Math.max(effort, options.effortAtLeast?.[number] ?? effort);
}

function effortFromEnvironment(): number {
  const text = process.env["SLUICE_EFFORT"];
  const effort = text === undefined || text === "" ? 1 : Number(text);
  if (!Number.isFinite(effort) || effort <= 0) {
    throw new RangeError(`Expected SLUICE_EFFORT to be a number above 0, got ${JSON.stringify(text)}`);
  }
  return effort;
}

export function levelFromEnvironment(): Level {
  const text = process.env["SLUICE_LEVEL"];
  if (text === undefined || text === "") return "stochastic";
  const level = LEVELS.find((one) => one === text);
  if (level === undefined)
    throw new RangeError(
      `Expected SLUICE_LEVEL to be one of ${LEVELS.join(", ")}, got ${JSON.stringify(text)}`,
    );
  return level;
}
