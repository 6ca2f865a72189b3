/** The command line of the driver that kills. */

import { integer, oneModule, oneOf, readOptions, SEED_MAX } from "../command/read-options.js";
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
  --lease-ms          time of a lease                                            1000, scaled
  --kill-every-ms     longest pause between two faults                           40
  --end-ms            longest time until the buffer is drained after the last fault  60000, scaled
  --seed              of all that is random                                      a new one
  --report FILE       write a page with what all of them did
  --quiet             no line for each step

What is scaled is multiplied by SLUICE_TIMEOUT_SCALE, unless it is given.

Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong use, 130 and 143 it was interrupted.`;

// Of a kind: more than that is a slip of the hand, and would bring the machine down.
const PROCESSES_MAX = 64;
const COUNT_MAX = 999_999_999;

const OPTIONS = {
  mode: { type: "string", default: "lease" },
  kills: { type: "string", default: "100" },
  stops: { type: "string", default: "0" },
  restarts: { type: "string", default: "0" },
  "latency-ms": { type: "string", default: "0" },
  capacity: { type: "string", default: "5" },
  producers: { type: "string", default: "2" },
  consumers: { type: "string", default: "2" },
  "lease-ms": { type: "string" },
  "kill-every-ms": { type: "string", default: "40" },
  "end-ms": { type: "string" },
  seed: { type: "string" },
  report: { type: "string" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Options that are numbers. */
type Count = Exclude<keyof typeof OPTIONS, "mode" | "seed" | "report" | "quiet" | "help">;

/** @throws UsageError naming the option, what was expected and what came. Undefined where only help was asked for. */
export function chaosCommand(args: readonly string[]): ChaosCommand | undefined {
  const { values, positionals } = readOptions(args, OPTIONS);
  if (values.help) return undefined;
  const count = (option: Count, min: number, max = COUNT_MAX) =>
    integer(option, values[option] ?? "", min, max);
  return {
    mode: oneOf("mode", values.mode, ["take", "lease"] as const),
    kills: count("kills", 0),
    stops: count("stops", 0),
    restarts: count("restarts", 0),
    latencyMs: count("latency-ms", 0),
    capacity: count("capacity", 1),
    producers: count("producers", 1, PROCESSES_MAX),
    consumers: count("consumers", 1, PROCESSES_MAX),
    killEveryMs: count("kill-every-ms", 1),
    quiet: values.quiet,
    report: values.report,
    ...(values["lease-ms"] === undefined ? {} : { leaseMs: count("lease-ms", 1) }),
    ...(values["end-ms"] === undefined ? {} : { endMs: count("end-ms", 1) }),
    ...(values.seed === undefined ? {} : { seed: integer("seed", values.seed, 0, SEED_MAX) }),
    module: oneModule(positionals, "chaos"),
  };
}
