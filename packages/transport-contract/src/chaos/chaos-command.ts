/**
 * The driver that kills, as a command: exit 0 if every promise was kept, 3 if one was broken, 2 for a bad option.
 * The last line is the account as JSON; a failure prints the seed and the command that runs it again.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BufferTransport } from "@sluice/core";
import { newSeed } from "@sluice/history-checker/random";
import { importFrom } from "../import-from.js";
import { UsageError } from "../usage-error.js";
import { type ChaosCommand, chaosCommand, USAGE } from "./chaos-options.js";
import { runChaos } from "./run-chaos.js";

const fresh: string[] = [];

/** @returns the exit code. @throws UsageError */
export async function chaos(args: readonly string[]): Promise<number> {
  try {
    const command = chaosCommand(args);
    if (command !== undefined) return await main(command, args);
    console.log(USAGE);
    return 0;
  } finally {
    for (const folder of fresh) rmSync(folder, { recursive: true, force: true });
  }
}

async function main(
  command: ChaosCommand & { readonly quiet: boolean },
  args: readonly string[],
): Promise<number> {
  const { quiet } = command;
  const transport = await transportFrom(command);
  const seed = command.seed ?? newSeed();
  if (!quiet) console.log(`seed ${seed}`);
  const onStep = quiet ? () => {} : (step: string) => console.log(step);
  const { faults, ...account } = await runChaos(transport, { ...command, seed, onStep });
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    const given = args.map((arg) => (/^[\w./:@=,-]+$/.test(arg) ? arg : `'${arg}'`));
    const again = command.seed === undefined ? [...given, "--seed", String(seed)] : given;
    console.error(`run it again: npx @sluice/transport-contract chaos ${again.join(" ")}`);
  }
  console.log(JSON.stringify(account));
  return faults.length === 0 ? 0 : 3;
}

async function transportFrom({ module, factory, factoryOptions }: ChaosCommand): Promise<BufferTransport> {
  const exports = await importFrom(module, "--transport-module");
  const make = exports[factory];
  if (typeof make !== "function") {
    const functions = Object.keys(exports).filter((name) => typeof exports[name] === "function");
    throw new UsageError(
      `Expected --factory to name a function of ${module} (${functions.join(", ")}), got ${factory}`,
    );
  }
  try {
    return make(withFreshFolders(factoryOptions)) as BufferTransport;
  } catch (error) {
    throw new UsageError(
      `Expected ${factory} to accept --options: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Each `{fresh}` in a text becomes a directory that is removed at the end. */
function withFreshFolders(options: unknown): unknown {
  if (typeof options === "string") {
    return options.replaceAll("{fresh}", () => {
      const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
      fresh.push(folder);
      return folder;
    });
  }
  if (typeof options !== "object" || options === null) return options;
  if (Array.isArray(options)) return options.map(withFreshFolders);
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, withFreshFolders(value)]));
}
