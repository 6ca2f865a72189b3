/** The line that runs something again as it was: with all that its course depends on. */

import { isUpTo, type Level } from "./rule.js";

const COMMAND = "npx @sluice/transport-contract";

export interface RunToReplay {
  readonly seed: number;
  readonly effort: number;
  /** What the command was given as the harness. Undefined under a test runner, which takes variables. */
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
  return assignments({ ...variables, SLUICE_LEVEL: level, ...scale() });
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
