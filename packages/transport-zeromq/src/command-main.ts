#!/usr/bin/env node
/** `npx @sluice/transport-zeromq`: a broker by itself, its keys, its figures. */

import { readFileSync } from "node:fs";
import { isBufferError, isWrongUse } from "@sluice/core";
import { runBroker } from "./broker-command.js";
import { brokerFigures } from "./broker-figures.js";
import { HELP, readArgs, UsageError } from "./command-args.js";
import { writeKeys } from "./keys-command.js";

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
    else if (command.kind === "figures") say(JSON.stringify(await brokerFigures(command.url, command.keys)));
    else say(command.kind === "version" ? version() : HELP.trimEnd());
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || isBufferError(error, "INVALID_ARGUMENT");
    const message = error instanceof Error ? error.message : String(error);
    complain(`${message.replaceAll(/\s+/g, " ")}${isUsage ? " (--help tells more)" : ""}`);
    // Where no broker is, the command was right: whoever starts one mends it.
    const isMendable = isWrongUse(error) && !isBufferError(error, "BUFFER_NOT_FOUND");
    return isUsage || isMendable ? 2 : 6;
  }
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
