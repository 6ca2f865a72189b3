#!/usr/bin/env node
/** `npx @sluice/transport-contract`: the rules on somebody's transport, without a test runner. */

import { attend } from "./command/attend.js";
import { HELP, readArgs } from "./command/command-args.js";
import { told } from "./command/told.js";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const { kind } = readArgs(args);
    if (kind === "run" || kind === "chaos") return await attend(args);
    if (kind === "help") process.stdout.write(HELP);
    // Whoever runs them loads them in another process.
    else await import("./command/list-rules.js");
    return 0;
  } catch (error) {
    return told(error);
  }
}
