/** What runs inside a worker's process. */

import { watchParent } from "./parent-watch.js";
import { printed } from "./printed.js";
import { waitForReader } from "./waiting-output.js";
import { ParentLine, work } from "./work.js";
import type { FromProcess, ToWorker } from "./worker-messages.js";

// The exit codes of sysexits.h: EX_SOFTWARE, EX_TEMPFAIL.
const EXIT_FAILED = 70;
const EXIT_ORPHANED = 75;
// An orphan has so long to give back what it holds.
const ORPHAN_GRACE_MS = 1300;

for (const stream of [process.stdout, process.stderr]) waitForReader(stream);

// The terminal sends these to everybody in it; the parent decides what becomes of them.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});

const tell = (message: FromProcess) =>
  new Promise<void>((resolve) => {
    // Once the parent is gone there is nobody to tell; `disconnect` ends this process.
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
const parent = new ParentLine(tell);

// However it comes to its exit: a module may call it, or throw what nobody catches.
process.on("exit", (code) => void tell({ kind: "leaving", code }));

process.on("SIGTERM", () => parent.hear({ kind: "stop" }));

process.once("disconnect", () => {
  process.exitCode = EXIT_ORPHANED;
  parent.hear({ kind: "stop" });
  // Last of all. Node may wait for itself for ever in its own exit (its issue 54918), and nobody is left who would end it.
  process.on("exit", () => process.kill(process.pid, "SIGKILL"));
  setTimeout(() => process.exit(), ORPHAN_GRACE_MS);
});

watchParent(Number(process.argv[3]));

process.on("message", (message: ToWorker) => {
  if (message.kind === "start") void main(message);
  else parent.hear(message);
});

async function main({ start }: Extract<ToWorker, { kind: "start" }>): Promise<void> {
  const succeeded = await work(start, parent);
  await Promise.all([printed(process.stdout), printed(process.stderr)]);
  const code = Number(process.exitCode ?? (succeeded ? 0 : EXIT_FAILED));
  // Here too, where it can be waited for until it is on its way.
  await tell({ kind: "leaving", code });
  // Not left to an empty event loop: a timer or socket of the module's would keep the worker for ever.
  process.exit(code);
}
