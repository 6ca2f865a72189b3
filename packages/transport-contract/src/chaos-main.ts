#!/usr/bin/env node
/**
 * The driver that kills, as a command: exit 0 if every promise was kept, 3 if one was broken, 2 for a bad option.
 * The last line is the account as JSON; a failure prints the seed and the command that runs it again.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BufferTransport } from "@sluice/core";
import { newSeed } from "@sluice/history-checker/random";
import { type ChaosCommand, chaosCommand, USAGE, UsageError } from "./chaos/chaos-options.js";
import { runChaos } from "./chaos/run-chaos.js";

const fresh: string[] = [];
try {
  const command = chaosCommand(process.argv.slice(2));
  if (command === undefined) console.log(USAGE);
  else process.exitCode = await main(command, command.quiet);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message} (--help lists the options)`);
  process.exitCode = 2;
} finally {
  for (const folder of fresh) rmSync(folder, { recursive: true, force: true });
}

async function main(command: ChaosCommand, quiet: boolean): Promise<number> {
  const transport = await transportFrom(command);
  const seed = command.seed ?? newSeed();
  if (!quiet) console.log(`seed ${seed}`);
  const onStep = quiet ? () => {} : (step: string) => console.log(step);
  const { faults, ...account } = await runChaos(transport, { ...command, seed, onStep });
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    const given = process.argv.slice(2).map((arg) => (/^[\w./:@=,-]+$/.test(arg) ? arg : `'${arg}'`));
    const again = command.seed === undefined ? [...given, "--seed", String(seed)] : given;
    console.error(`run it again: node ${process.argv[1]} ${again.join(" ")}`);
  }
  console.log(JSON.stringify(account));
  return faults.length === 0 ? 0 : 3;
}

async function transportFrom({ module, factory, factoryOptions }: ChaosCommand): Promise<BufferTransport> {
  const exports = await load(module);
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

async function load(module: string): Promise<Record<string, unknown>> {
  const isPath = module.startsWith(".") || module.startsWith("/") || module.endsWith(".js");
  try {
    if (URL.canParse(module) && !/^[a-z]:/i.test(module)) return await import(module);
    const path = isPath ? resolve(module) : createRequire(resolve("package.json")).resolve(module);
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Expected --transport-module to be importable, got ${module}: ${told.split("\n")[0]}`,
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
