#!/usr/bin/env node
/** `npx @sluice/transport-contract`: the rules on somebody's transport, without a test runner. */

import { readFileSync } from "node:fs";
import { attend } from "./command/attend.js";
import { HELP, readArgs } from "./command/command-args.js";
import { told } from "./command/told.js";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const { kind } = readArgs(args);
    if (kind === "run" || kind === "chaos") return await attend(args);
    if (kind === "help") process.stdout.write(HELP);
    else if (kind === "version") console.log(version());
    // Whoever runs them loads them in another process.
    else await import("./command/list-rules.js");
    return 0;
  } catch (error) {
    return told(error);
  }
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
