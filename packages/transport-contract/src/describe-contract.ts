/** The suite as tests of whatever runner is handed in; nothing here imports one. */

import { seedFromEnvironment } from "@sluice/history-checker/random";
import type { Harness } from "./harness.js";
import { chosenRules, judge, type RunOptions } from "./run-contract.js";

/** The longest that one rule may take, at a time scale of 1: those with processes wait for each other. */
const RULE_MS_MAX = 120_000;

/** What vitest, node:test, jest and their like have in common. */
export interface TestRunner {
  test: TestFunction & { readonly skip: (title: string, run: () => void) => unknown };
  /** Groups the rules where there is such a thing. */
  describe?: (title: string, define: () => void) => unknown;
}

/** The third argument is a limit in milliseconds for runners that take one; others ignore it. */
export type TestFunction = (title: string, run: () => Promise<void>, timeoutMs?: number) => unknown;

/**
 * Declares one test for each rule: `describeTransportContract("file", harness, { describe, test })`.
 * A rule that does not apply is declared as skipped, with the reason in its title, and counted in the title of the whole.
 */
export function describeTransportContract(
  name: string,
  harness: Harness,
  runner: TestRunner,
  options: RunOptions = {},
): void {
  const seed = options.seed ?? seedFromEnvironment();
  const rules = chosenRules(options).map((rule) => ({ rule, skip: rule.skip(harness) }));
  const scale = Number(process.env["SLUICE_TIMEOUT_SCALE"] || 1);
  const declareSkipped = runner.test.skip;
  const define = () => {
    for (const { rule, skip } of rules) {
      if (skip !== undefined) {
        const why = skip.isUnable ? "cannot be run here" : "skipped";
        declareSkipped(`${rule.title} (${why}: ${skip.reason})`, () => {});
        continue;
      }
      const run = async () => {
        const verdict = await judge(rule, harness, { ...options, seed });
        if (verdict.outcome === "failed") throw verdict.error;
      };
      void runner.test(rule.title, run, RULE_MS_MAX * scale);
    }
  };
  const skipped = rules.filter(({ skip }) => skip !== undefined).length;
  const title = `${name} keeps the contract (${rules.length - skipped} rules, ${skipped} skipped, SLUICE_SEED=${seed})`;
  if (runner.describe === undefined) define();
  else runner.describe(title, define);
}
