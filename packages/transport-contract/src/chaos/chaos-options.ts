/** The command line of the driver that kills. */

import { parseArgs } from "node:util";
import { UsageError } from "../usage-error.js";
import type { ChaosOptions } from "./run-chaos.js";

export interface ChaosCommand extends ChaosOptions {
  /** What to import: a URL, a path, or a package that can be resolved from the working directory. */
  readonly module: string;
  /** The module's factory, and what it is called with. `{fresh}` in a text stands for a new directory. */
  readonly factory: string;
  readonly factoryOptions: unknown;
}

export const USAGE = `Usage: npx @sluice/transport-contract chaos --transport-module MODULE --factory NAME [options]

  --transport-module  URL, path or package of the adapter
  --factory           name of the factory it exports, such as fileTransport
  --options           JSON for the factory; {fresh} stands for a new directory   {}
  --mode              take or lease                                              lease
  --kills             processes to kill, one after the other                     100
  --stops             processes to stop for a while                              0
  --capacity          of the buffer                                              5
  --producers         processes at a time                                        2
  --consumers         processes at a time                                        2
  --lease-ms          time of a lease                                            1000
  --kill-every-ms     longest pause between two kills                            40
  --durability        fsync or none                                              as the transport has it
  --failpoints        names of the adapter's failpoints, with commas between     none
  --seed              of all that is random                                      a new one
  --quiet             no line for each step`;

// Of a kind: more than that is a slip of the hand, and would bring the machine down.
const PROCESSES_MAX = 64;

const OPTIONS = {
  "transport-module": { type: "string" },
  factory: { type: "string" },
  options: { type: "string", default: "{}" },
  mode: { type: "string", default: "lease" },
  kills: { type: "string", default: "100" },
  stops: { type: "string", default: "0" },
  capacity: { type: "string", default: "5" },
  producers: { type: "string", default: "2" },
  consumers: { type: "string", default: "2" },
  "lease-ms": { type: "string", default: "1000" },
  "kill-every-ms": { type: "string", default: "40" },
  durability: { type: "string" },
  failpoints: { type: "string", default: "" },
  seed: { type: "string" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @throws UsageError naming the option, what was expected and what came. Undefined where only help was asked for. */
export function chaosCommand(
  args: readonly string[],
): (ChaosCommand & { readonly quiet: boolean }) | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const mode = oneOf("--mode", values.mode, ["take", "lease"] as const);
  const durability =
    values.durability === undefined
      ? undefined
      : oneOf("--durability", values.durability, ["fsync", "none"] as const);
  const command = {
    factoryOptions: json("--options", values.options),
    mode,
    kills: count("--kills", values.kills, 0),
    stops: count("--stops", values.stops, 0),
    capacity: count("--capacity", values.capacity, 1),
    producers: count("--producers", values.producers, 1, PROCESSES_MAX),
    consumers: count("--consumers", values.consumers, 1, PROCESSES_MAX),
    leaseMs: count("--lease-ms", values["lease-ms"], 1),
    killEveryMs: count("--kill-every-ms", values["kill-every-ms"], 1),
    failpoints: values.failpoints.split(",").filter((name) => name !== ""),
    quiet: values.quiet,
    ...(durability === undefined ? {} : { wishes: { durability } }),
    ...(values.seed === undefined ? {} : { seed: count("--seed", values.seed, 0) }),
  };
  const module = required("--transport-module", values["transport-module"]);
  return { ...command, module, factory: required("--factory", values.factory) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new UsageError(told.split(". ")[0] ?? told);
  }
}

function required(option: string, text: string | undefined): string {
  if (text === undefined || text === "") throw new UsageError(`Expected ${option} with a value`);
  return text;
}

function count(option: string, text: string, min: number, max = 999_999_999): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const allowed = `an integer from ${min} to ${max}`;
  throw new UsageError(`Expected ${option} to be ${allowed}, got ${JSON.stringify(text)}`);
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found === undefined)
    throw new UsageError(`Expected ${option} to be ${allowed.join(" or ")}, got ${JSON.stringify(text)}`);
  return found;
}

function json(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`Expected ${option} to be JSON, got ${JSON.stringify(text.slice(0, 64))}`);
  }
}
