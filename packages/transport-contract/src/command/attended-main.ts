/**
 * The process of the command that loads somebody's adapter, and runs the rules on it. Its parent listens for signals and tells it:
 * whatever the adapter does to this process, the parent can end it.
 */

import { chaos } from "../chaos/chaos-command.js";
import { readArgs } from "./command-args.js";
import { endProcess, failEarlyEnd, resourcesAtFirst } from "./end-process.js";
import { Interrupted, interruption } from "./interruption.js";
import { runCommand } from "./run-command.js";
import { told } from "./told.js";

const atFirst = resourcesAtFirst();
const endIsKnown = failEarlyEnd();
const code = await main(process.argv.slice(2));
endIsKnown();
endProcess(code, atFirst);

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readArgs(args);
    const signal = interruption();
    if (command.kind === "chaos") return await chaos(command.args, signal);
    return command.kind === "run" ? await runCommand(command, signal) : 0;
  } catch (error) {
    if (!(error instanceof Interrupted)) return told(error);
    console.error(`transport-contract: ${error.message}; nothing was run`);
    return error.exitCode;
  }
}
