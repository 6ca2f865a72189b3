/** The demonstration's command line. */

import { styleText } from "node:util";
import { isBufferError } from "@sluice/core";
import { HELP, readArgs, UsageError } from "./args.js";
import { demo } from "./demo.js";
import { listJson, listText } from "./list.js";
import type { Paint } from "./story.js";
import { installed } from "./transports.js";

// Faults of the user's choice of place or settings; all others are the transport's.
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

// Whoever read our output may leave early (`| head`): the run goes on, and says nothing more.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// By its convention an empty one says nothing; `hasColors` and `styleText` take it for a yes.
if (process.env["NO_COLOR"] === "") delete process.env["NO_COLOR"];
// `hasColors` knows NO_COLOR, FORCE_COLOR and dumb terminals.
const isColoured = process.stdout.isTTY && process.stdout.hasColors();
const paint: Paint = (style, text) => (isColoured ? styleText(style, text) : text);
const say = (text: string) => void process.stdout.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readArgs(args);
    if (command.kind === "help") say(HELP.trimEnd());
    else if (command.kind === "list") say((command.json ? listJson : listText)(await installed(), paint));
    else return await demo(command.options, say, paint);
    return 0;
  } catch (error) {
    const isWrongUse = error instanceof UsageError || (isBufferError(error) && WRONG_USE.has(error.code));
    if (!isWrongUse && !isBufferError(error)) throw error;
    const hint = isWrongUse ? " (--help tells more)" : "";
    process.stderr.write(`demo: ${(error as Error).message}${hint}\n`);
    return isWrongUse ? 2 : 6;
  }
}
