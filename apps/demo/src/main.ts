/** The demonstration's command line. */

import { styleText } from "node:util";
import { isBufferError, isWrongUse } from "@sluice/core";
import { readArgs, UsageError } from "./args.js";
import { demo } from "./demo.js";
import { HELP } from "./help.js";
import { listJson, listText } from "./list.js";
import type { Paint } from "./story.js";
import { installed } from "./transports.js";

// Whoever read our output may leave early (`| head`, a terminal that is shut), and a disk that it goes to may be full: the run goes on,
// without being told, or not all.
const GONE: readonly unknown[] = ["EPIPE", "EIO"];
let isLossTold = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (isLossTold || GONE.includes(error.code)) return;
  isLossTold = true;
  process.stderr.write(`demo: Standard output is lost: ${error.message}\n`);
});
process.stderr.on("error", () => {});

// By its convention an empty one says nothing; `hasColors` and `styleText` take it for a yes.
if (process.env["NO_COLOR"] === "") delete process.env["NO_COLOR"];
// `hasColors` knows NO_COLOR, FORCE_COLOR and dumb terminals.
const isColoured = process.stdout.isTTY && process.stdout.hasColors();
const paint: Paint = (style, text) => (isColoured ? styleText(style, text) : text);
// One that says it is dumb, or nothing at all, cannot go back to a line.
const isLive =
  process.stdout.isTTY &&
  process.env["TERM"] !== "dumb" &&
  (process.env["TERM"] !== undefined || process.platform === "win32");
const say = (text: string) => void process.stdout.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = readArgs(args);
    if (command.kind === "help") say(HELP.trimEnd());
    else if (command.kind === "list") say((command.json ? listJson : listText)(await installed(), paint));
    else return await demo(command.options, { out: process.stdout, paint, isLive });
    return 0;
  } catch (error) {
    const isUsers = error instanceof UsageError || isWrongUse(error);
    if (!isUsers && !isBufferError(error)) throw error;
    const hint = isUsers ? " (--help tells more)" : "";
    process.stderr.write(`demo: ${(error as Error).message}${hint}\n`);
    return isUsers ? 2 : 6;
  }
}
