/** The command's arguments, read and checked whole before anything is run. */

import { LEVELS, type Level } from "../rule.js";
import { UsageError } from "../usage-error.js";
import { integer, numberAboveZero, oneModule, oneOf, readOptions, SEED_MAX } from "./read-options.js";

export interface RunCommand {
  readonly kind: "run";
  /** Path, URL or package of the module that exports the harness. */
  readonly module: string;
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[] | undefined;
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
  | { readonly kind: "help" | "version" };

export const HELP: string = `Usage: npx @sluice/transport-contract COMMAND

  run MODULE         check the transport of which MODULE exports a harness (its default export, or MODULE#NAME)
    --only RULE        only this rule or section of rules, BOUND-3 or BOUND; several with commas, or by giving it again
    --except RULE      all but this rule or section of rules, likewise
    --level LEVEL      up to ${LEVELS.join(", ")} (default: stochastic)
    --seed N           of all that is random (default: a new one)
    --effort N         multiplies the trials of what is random, and the kills (default: 1)
    --repeat N         so many runs, each with the next seed (default: 1)
    --json             the verdicts as JSON
    --report FILE      write a page with the verdicts, and pictures of what happened

  rules              list the rules
  chaos ...          the driver that kills, alone (chaos --help lists its options)
  --help, --version  this text; the version

Exit codes: 0 every rule that was run was kept, 1 one was broken, 2 wrong use, 130 and 143 it was interrupted.
`;

const REPEAT_MAX = 1_000_000;

const OPTIONS = {
  only: { type: "string", multiple: true },
  except: { type: "string", multiple: true },
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
  if (name === "--version") return { kind: "version" };
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
  const { values, positionals } = readOptions(args, OPTIONS);
  const given = <T>(text: string | undefined, read: (text: string) => T) =>
    text === undefined ? undefined : read(text);
  return {
    kind: "run",
    module: oneModule(positionals, "run"),
    only: rulesIn("only", values.only),
    except: rulesIn("except", values.except),
    level: given(values.level, (text) => oneOf("level", text, LEVELS)),
    seed: given(values.seed, (text) => integer("seed", text, 0, SEED_MAX)),
    effort: given(values.effort, (text) => numberAboveZero("effort", text)),
    repeat: given(values.repeat, (text) => integer("repeat", text, 1, REPEAT_MAX)) ?? 1,
    isJson: values.json === true,
    report: values.report,
  };
}

function rulesIn(option: string, given: readonly string[] | undefined): readonly string[] | undefined {
  const names = given?.flatMap((text) => text.split(",")).filter((one) => one !== "");
  if (names?.length === 0)
    throw new UsageError(`Expected --${option} to name a rule or a section of rules, got nothing`);
  return names;
}
