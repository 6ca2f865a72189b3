/** The line that runs something again as it was: with all that its course depends on. */

import { isUpTo, type Level } from "./rule.js";

const COMMAND = "npx @sluice/transport-contract";

export interface RunToReplay {
  readonly seed: number;
  readonly effort: number;
  /** What the command was given as the harness. Undefined under a test runner, which takes variables and a filter. */
  readonly module?: string | undefined;
}

/** A rule that is named by its number is run at any level; a runner has to be told of the last one. */
export function replayLine(
  rule: { readonly number: string; readonly level: Level },
  { seed, effort, module }: RunToReplay,
): string {
  if (module !== undefined) {
    const hard = effort === 1 ? [] : ["--effort", String(effort)];
    return commandLine(["run", module, "--only", rule.number, "--seed", String(seed), ...hard]);
  }
  const variables = { SLUICE_SEED: seed, SLUICE_EFFORT: effort === 1 ? undefined : effort };
  const level = isUpTo("stochastic", rule) ? undefined : rule.level;
  return `${assignments({ ...variables, SLUICE_LEVEL: level, ...scale() })}${byRunner(rule.number)}`;
}

/** How each runner is known to a process of its own, and told to run one test; the one that others may have started first. */
const RUNNERS = [
  { variable: "NODE_TEST_CONTEXT", command: "node --test --test-name-pattern" },
  { variable: "VITEST", command: "npx vitest run -t" },
  { variable: "JEST_WORKER_ID", command: "npx jest -t" },
] as const;

/** The number is the first word of the test's name; nothing where the runner is not known. */
function byRunner(number: string): string {
  const runner = RUNNERS.find(({ variable }) => process.env[variable] !== undefined);
  return runner === undefined ? "" : ` ${runner.command} ${quoted(`${number} `)}`;
}

/** For a shell. @param args - behind the name of the command. */
export function commandLine(args: readonly string[]): string {
  return [assignments(scale()), COMMAND, ...args.map(quoted)].filter((part) => part !== "").join(" ");
}

/** Times are part of a run: what waits for them meets other instants. */
function scale() {
  return { SLUICE_TIMEOUT_SCALE: process.env["SLUICE_TIMEOUT_SCALE"] || undefined };
}

function assignments(variables: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(variables)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoted(String(value))}`)
    .join(" ");
}

function quoted(text: string): string {
  return /^[\w./:@=,#-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
