/** The command line of the driver that kills. */

import { parseArgs } from "node:util";
import { UsageError } from "../usage-error.js";
import type { ChaosOptions } from "./run-chaos.js";

export interface ChaosCommand extends ChaosOptions {
  /** What exports the harness: a URL, a path, or a package that can be resolved from the working directory. */
  readonly module: string;
  readonly quiet: boolean;
  /** File of the page to write. */
  readonly report: string | undefined;
}

export const USAGE = `Usage: npx @sluice/transport-contract chaos MODULE [options]

Producers and consumers at work on one buffer, killed and stopped at random, also at the harness's failpoints; then the account.
MODULE exports a harness (its default export, or MODULE#NAME).

  --mode              take or lease                                              lease
  --kills             processes to kill, one after the other                     100
  --stops             processes to stop for a while                              0
  --restarts          restarts of the medium, where the harness has restart      0
  --latency-ms        longest time that a process spends at a failpoint now and then  0
  --capacity          of the buffer                                              5
  --producers         processes at a time                                        2
  --consumers         processes at a time                                        2
  --lease-ms          time of a lease                                            1000
  --kill-every-ms     longest pause between two faults                           40
  --end-ms            longest time until the buffer is drained after the last fault  60000
  --seed              of all that is random                                      a new one
  --report FILE       write a page with what all of them did
  --quiet             no line for each step

Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong use.`;

// Of a kind: more than that is a slip of the hand, and would bring the machine down.
const PROCESSES_MAX = 64;

const OPTIONS = {
  mode: { type: "string", default: "lease" },
  kills: { type: "string", default: "100" },
  stops: { type: "string", default: "0" },
  restarts: { type: "string", default: "0" },
  "latency-ms": { type: "string", default: "0" },
  capacity: { type: "string", default: "5" },
  producers: { type: "string", default: "2" },
  consumers: { type: "string", default: "2" },
  "lease-ms": { type: "string", default: "1000" },
  "kill-every-ms": { type: "string", default: "40" },
  "end-ms": { type: "string", default: "60000" },
  seed: { type: "string" },
  report: { type: "string" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @throws UsageError naming the option, what was expected and what came. Undefined where only help was asked for. */
export function chaosCommand(args: readonly string[]): ChaosCommand | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const command = {
    mode: oneOf("--mode", values.mode, ["take", "lease"] as const),
    kills: count("--kills", values.kills, 0),
    stops: count("--stops", values.stops, 0),
    restarts: count("--restarts", values.restarts, 0),
    latencyMs: count("--latency-ms", values["latency-ms"], 0),
    capacity: count("--capacity", values.capacity, 1),
    producers: count("--producers", values.producers, 1, PROCESSES_MAX),
    consumers: count("--consumers", values.consumers, 1, PROCESSES_MAX),
    leaseMs: count("--lease-ms", values["lease-ms"], 1),
    killEveryMs: count("--kill-every-ms", values["kill-every-ms"], 1),
    endMs: count("--end-ms", values["end-ms"], 1),
    quiet: values.quiet,
    report: values.report,
    ...(values.seed === undefined ? {} : { seed: count("--seed", values.seed, 0) }),
  };
  const [module, ...more] = positionals;
  if (module === undefined || module === "")
    throw new UsageError("Expected a module that exports a harness: chaos MODULE");
  if (more.length > 0) throw new UsageError(`Expected one module, got also ${more.join(" ")}`);
  return { ...command, module };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new UsageError(told.split(". ")[0] ?? told);
  }
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
