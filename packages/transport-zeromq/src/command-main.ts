#!/usr/bin/env node
/** `npx @sluice/transport-zeromq`: a broker by itself, its keys, its figures. */

import { isBufferError } from "@sluice/core";
import { runBroker } from "./broker-command.js";
import { HELP, readArgs, UsageError } from "./command-args.js";
import { readFigures } from "./figures-command.js";
import { writeKeys } from "./keys-command.js";

// Faults of the user's choice of place or settings; all others are the broker's.
const WRONG_USE: ReadonlySet<string> = new Set([
  "INVALID_ARGUMENT",
  "BUFFER_EXISTS",
  "BUFFER_NOT_FOUND",
  "NOT_A_BUFFER",
  "SETTINGS_MISMATCH",
  "VERSION_UNSUPPORTED",
  "CAPABILITY_MISSING",
  "PERMISSION_DENIED",
  "INSECURE_BIND",
]);

// Whoever read our output may leave: the broker goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
const say = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`transport-zeromq: ${line}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readArgs(args);
    if (command.kind === "broker") return await runBroker(command, say, complain);
    if (command.kind === "keys") for (const line of writeKeys(command)) say(line);
    else if (command.kind === "figures") say(JSON.stringify(await readFigures(command)));
    else say(HELP.trimEnd());
    return 0;
  } catch (error) {
    const isWrongUse = error instanceof UsageError || (isBufferError(error) && WRONG_USE.has(error.code));
    const message = error instanceof Error ? error.message : String(error);
    complain(`${message.replaceAll(/\s+/g, " ")}${isWrongUse ? " (--help tells more)" : ""}`);
    return isWrongUse ? 2 : 6;
  }
}
