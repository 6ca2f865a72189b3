/** The suite as tests of whatever runner is handed in; nothing here imports one. */

import { seedFromEnvironment } from "@sluice/history-checker/random";
import { checkMembers, type Harness } from "./harness.js";
import { TIMER_MS_MAX } from "./kit/in-time.js";
import { chosenRules, effortFor, judge, type RunOptions, runsMax, signalsMax } from "./run-contract.js";
import { timingFromEnvironment } from "./timing.js";

/** Beside the time of the rule itself: its end may have to wait for processes. */
const END_SIGNALS = 1;

/** What vitest, node:test, jest and their like have in common. */
export interface TestRunner {
  test: TestFunction & { readonly skip: (title: string, run: () => void) => unknown };
  /** Groups the rules where there is such a thing. */
  describe?: (title: string, define: () => void) => unknown;
}

/** What vitest and node:test hand to a test. */
export interface TestContext {
  skip?: (reason: string) => unknown;
}

/** The third argument is a limit in milliseconds for runners that take one; others ignore it. */
export type TestFunction = (
  title: string,
  run: (context?: TestContext) => Promise<void>,
  timeoutMs?: number,
) => unknown;

/**
 * Declares one test for each rule: `describeTransportContract("file", harness, { describe, test })`.
 * A rule that does not apply is declared as skipped, with the reason in its title, and counted in the title of the whole.
 *
 * @throws RangeError, TypeError as `runContract` does.
 */
export function describeTransportContract(
  name: string,
  harness: Harness,
  runner: TestRunner,
  options: RunOptions = {},
): void {
  checkMembers(harness);
  const seed = options.seed ?? seedFromEnvironment();
  const rules = chosenRules(options).map((rule) => ({ rule, skip: rule.skip(harness) }));
  const { signalMs } = options.timing ?? timingFromEnvironment();
  const declareSkipped = runner.test.skip;
  const define = () => {
    for (const { rule, skip } of rules) {
      if (skip !== undefined) {
        const why = skip.isUnable ? "cannot be run here" : "skipped";
        declareSkipped(`${rule.title} (${why}: ${skip.reason})`, () => {});
        continue;
      }
      const run = async (context?: TestContext) => {
        const verdict = await judge(rule, harness, { ...options, seed });
        if (verdict.outcome === "failed") throw verdict.error;
        if (verdict.outcome === "passed") return;
        // It found that out while it ran. Where the runner cannot skip by then, it is not to look as if it had passed.
        if (context?.skip === undefined)
          throw new Error(`${rule.number} cannot be run here: ${verdict.reason}`);
        context.skip(`cannot be run here: ${verdict.reason}`);
      };
      const runMs = (signalsMax(rule, effortFor(rule, options)) + END_SIGNALS) * signalMs;
      void runner.test(rule.title, run, Math.min(runsMax(rule) * runMs, TIMER_MS_MAX));
    }
  };
  const skipped = rules.filter(({ skip }) => skip !== undefined).length;
  const title = `${name} keeps the contract (${rules.length - skipped} rules, ${skipped} skipped, SLUICE_SEED=${seed})`;
  if (runner.describe === undefined) define();
  else runner.describe(title, define);
}
