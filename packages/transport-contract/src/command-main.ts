#!/usr/bin/env node
/** `npx @sluice/transport-contract`: the rules on somebody's transport, without a test runner. */

import { chaos } from "./chaos/chaos-command.js";
import { HELP, readArgs } from "./command/command-args.js";
import { endProcess, failEarlyEnd, resourcesAtFirst } from "./command/end-process.js";
import { Interrupted, interruption } from "./command/interruption.js";
import { runCommand } from "./command/run-command.js";
import { groupOf } from "./group.js";
import { RULES } from "./rules/index.js";
import { UsageError } from "./usage-error.js";
import { messageOf } from "./verdict-text.js";

const atFirst = resourcesAtFirst();
const endIsKnown = failEarlyEnd();
const code = await main(process.argv.slice(2));
endIsKnown();
endProcess(code, atFirst);

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readArgs(args);
    if (command.kind === "run") return await runCommand(command, interruption());
    if (command.kind === "chaos") return await chaos(command.args, interruption());
    if (command.kind === "help") process.stdout.write(HELP);
    else for (const { title, level, number } of RULES) console.log(`${title} (${groupOf(number)}, ${level})`);
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error(`transport-contract: ${error.message}; nothing was run`);
      return error.exitCode;
    }
    const isUsage = error instanceof UsageError;
    const told = messageOf(error).replaceAll(/\s+/g, " ");
    console.error(`transport-contract: ${told}${isUsage ? " (--help tells more)" : ""}`);
    return isUsage ? 2 : 1;
  }
}
