/** Runs the rules on one transport, and says of each what came of it. */

import { setImmediate as turn } from "node:timers/promises";
import { randomFrom, seedFromEnvironment } from "@sluice/history-checker/random";
import { type Harness, type Timing, timingFromEnvironment } from "./harness.js";
import { newContext } from "./kit/context.js";
import { describe, RuleBroken } from "./kit/expect.js";
import { awaited } from "./kit/waiting.js";
import type { Level, Rule } from "./rule.js";
import { RULES } from "./rules/index.js";

/** A rule may wait for many things one after the other; for so many signal times in all. */
const RULE_SIGNALS_MAX = 11;

/** What came of one rule. */
export interface Verdict {
  readonly rule: string;
  readonly title: string;
  readonly level: Level;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  readonly reason?: string;
  readonly error?: unknown;
  readonly ms: number;
}

/** Which rules are run, and how hard. */
export interface RunOptions {
  /** Numbers of rules, `BOUND-1`, or of whole groups, `BOUND`. Default: all. */
  readonly only?: readonly string[];
  /** Default: `SLUICE_SEED`, else a new one. */
  readonly seed?: number;
  readonly timing?: Timing;
  /** Multiplies the trials of stochastic rules. Default: `SLUICE_EFFORT`, else 1. */
  readonly effort?: number;
}

/**
 * Runs the rules one after the other.
 *
 * @throws RangeError for a number in `only` that is no rule's.
 */
export async function runContract(harness: Harness, options: RunOptions = {}): Promise<Verdict[]> {
  const seed = options.seed ?? seedFromEnvironment();
  const verdicts: Verdict[] = [];
  for (const rule of chosenRules(options.only))
    verdicts.push(await judge(rule, harness, { ...options, seed }));
  return verdicts;
}

export function chosenRules(only?: readonly string[]): readonly Rule[] {
  if (only === undefined) return RULES;
  const isNamed = (rule: Rule, name: string) => rule.number === name || rule.number.startsWith(`${name}-`);
  const unknown = only.find((name) => !RULES.some((rule) => isNamed(rule, name)));
  if (unknown !== undefined)
    throw new RangeError(`There is no rule or group of rules called ${JSON.stringify(unknown)}`);
  return RULES.filter((rule) => only.some((name) => isNamed(rule, name)));
}

/** One rule. Never throws: what the rule threw is in the verdict, with what is needed to run it again. */
export async function judge(
  rule: Rule,
  harness: Harness,
  options: RunOptions & { seed: number },
): Promise<Verdict> {
  const { number, title, level } = rule;
  const reason = rule.skipReason(harness);
  if (reason !== undefined) return { rule: number, title, level, outcome: "skipped", reason, ms: 0 };
  const began = performance.now();
  const { context, end } = newContext(harness, {
    timing: options.timing ?? timingFromEnvironment(),
    // Each rule has numbers of its own, so that it can be run again alone.
    random: randomFrom(options.seed).fork(number),
    effort: options.effort ?? effortFromEnvironment(),
  });
  let failure: { error: unknown } | undefined;
  // Nobody awaits these: not the rule, or core would have handed them to it.
  const strays: unknown[] = [];
  const onStray = (reason: unknown) => void strays.push(reason);
  process.on("unhandledRejection", onStray);
  try {
    await context.within(rule.run(context), RULE_SIGNALS_MAX, "the rule");
  } catch (error) {
    failure = { error: named(error, rule, options.seed) };
  }
  await end();
  // Rejections are reported when the microtasks of their turn are through.
  await turn();
  process.off("unhandledRejection", onStray);
  if (strays.length > 0) failure ??= { error: named(strays[0], rule, options.seed) };
  const ms = performance.now() - began;
  return failure === undefined
    ? { rule: number, title, level, outcome: "passed", ms }
    : { rule: number, title, level, outcome: "failed", error: failure.error, ms };
}

function named(error: unknown, rule: Rule, seed: number): Error {
  const told = error instanceof Error ? error.message : String(error);
  const what = error instanceof RuleBroken ? undefined : awaited.get(error as object);
  const text = what === undefined ? told : `Expected ${what} to go well, it rejected with ${describe(error)}`;
  return new Error(`${rule.number}: ${text}\n(run it again with SLUICE_SEED=${seed})`, { cause: error });
}

function effortFromEnvironment(): number {
  const text = process.env["SLUICE_EFFORT"];
  const effort = text === undefined || text === "" ? 1 : Number(text);
  if (!Number.isFinite(effort) || effort <= 0) {
    throw new RangeError(`Expected SLUICE_EFFORT to be a number above 0, got ${JSON.stringify(text)}`);
  }
  return effort;
}
