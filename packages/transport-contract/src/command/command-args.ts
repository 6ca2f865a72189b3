/** The command's arguments, read and checked whole before anything is run. */

import { parseArgs } from "node:util";
import { LEVELS, type Level } from "../rule.js";
import { UsageError } from "../usage-error.js";

export interface RunCommand {
  readonly kind: "run";
  /** Path, URL or package of the module that exports the harness. */
  readonly module: string;
  readonly only: readonly string[] | undefined;
  readonly level: Level | undefined;
  readonly seed: number | undefined;
  readonly effort: number | undefined;
  /** Runs, each with the seed after that of the one before. */
  readonly repeat: number;
  readonly isJson: boolean;
  /** File of the page to write. */
  readonly report: string | undefined;
}

export type Command =
  | RunCommand
  | { readonly kind: "rules" }
  | { readonly kind: "chaos"; readonly args: readonly string[] }
  | { readonly kind: "help" };

export const HELP: string = `Usage: npx @sluice/transport-contract COMMAND

  run MODULE         check the transport of which MODULE exports a harness (its default export, or MODULE#NAME)
    --only RULE        only this rule or group of rules, BOUND-3 or BOUND; several with commas, or by giving it again
    --level LEVEL      up to ${LEVELS.join(", ")} (default: stochastic)
    --seed N           of all that is random (default: a new one)
    --effort N         multiplies the trials of what is random, and the kills (default: 1)
    --repeat N         so many runs, each with the next seed (default: 1)
    --json             the verdicts as JSON
    --report FILE      write a page with the verdicts, and pictures of what happened

  rules              list the rules
  chaos ...          the driver that kills, alone (chaos --help lists its options)

Exit codes: 0 every rule that was run was kept, 1 one was broken, 2 wrong use.
`;

const REPEAT_MAX = 1_000_000;

const OPTIONS = {
  only: { type: "string", multiple: true },
  level: { type: "string" },
  seed: { type: "string" },
  effort: { type: "string" },
  repeat: { type: "string" },
  json: { type: "boolean" },
  report: { type: "string" },
} as const;

/** @throws UsageError */
export function readArgs(args: readonly string[]): Command {
  const [name, ...rest] = args;
  // It has options of its own, help among them.
  if (name === "chaos") return { kind: "chaos", args: rest };
  if (args.includes("--help") || args.includes("-h")) return { kind: "help" };
  if (name === "run") return run(rest);
  if (name === "rules") {
    if (rest.length > 0)
      throw new UsageError(`Expected rules without anything behind it, got ${rest.join(" ")}`);
    return { kind: "rules" };
  }
  throw new UsageError(
    `Expected a command (run, rules, chaos), got ${name === undefined ? "none" : JSON.stringify(name)}`,
  );
}

function run(args: readonly string[]): RunCommand {
  const { values, positionals } = parsed(args);
  const [module, ...more] = positionals;
  if (module === undefined || module === "")
    throw new UsageError("Expected a module that exports a harness: run MODULE");
  if (more.length > 0) throw new UsageError(`Expected one module, got also ${more.join(" ")}`);
  const only = values.only?.flatMap((names) => names.split(",")).filter((one) => one !== "");
  if (only?.length === 0)
    throw new UsageError("Expected --only to name a rule or a group of rules, got nothing");
  return {
    kind: "run",
    module,
    only,
    level: values.level === undefined ? undefined : levelOf(values.level),
    seed: integer("seed", values.seed, 0, 2 ** 31 - 1),
    effort: numberAboveZero("effort", values.effort),
    repeat: integer("repeat", values.repeat, 1, REPEAT_MAX) ?? 1,
    isJson: values.json === true,
    report: values.report,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new UsageError(told.split(". ")[0] ?? told);
  }
}

function levelOf(text: string): Level {
  const level = LEVELS.find((one) => one === text);
  if (level === undefined)
    throw new UsageError(`Expected --level to be one of ${LEVELS.join(", ")}, got ${JSON.stringify(text)}`);
  return level;
}

function integer(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Expected --${option} to be an integer from ${min} to ${max}, got ${JSON.stringify(text)}`,
  );
}

function numberAboveZero(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`Expected --${option} to be a number above 0, got ${JSON.stringify(text)}`);
}
