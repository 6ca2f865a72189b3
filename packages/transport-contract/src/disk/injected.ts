/** Whether a handle was trusted after a sync of its files had failed. */

import { fail } from "../kit/expect.js";
import { type Arena, recordOf } from "./arena.js";
import { asWritten } from "./strace.js";

/** Of a line of strace. */
export function isInjected(line: string): boolean {
  return line.includes("(INJECTED)");
}

/** @param lines - of strace, with `-y`, which has the writes of the record in it. */
export async function checkInjected(
  { transport, address, job }: Arena,
  call: string,
  lines: readonly string[],
): Promise<void> {
  if (call !== "fsync" && call !== "fdatasync") return;
  const port = await transport.open(address);
  const isDurable = port.capabilities.survives.includes("power-loss");
  await port.close();
  const injected = lines.findIndex(isInjected);
  if (!isDurable || injected < 0) return;
  const { done } = recordOf(job);
  const told = lines.slice(0, injected).filter((line) => line.includes(`<${asWritten(job.record)}>`));
  // The first of them are the marks.
  const during = told.filter((line) => line.includes("step")).length;
  if (told.length === 0) fail(`Expected to see in strace's log what the process wrote to ${job.record}`);
  const accepted = done.slice(during).find(({ outcome }) => outcome === "ok");
  if (accepted !== undefined)
    fail(
      `Expected no step from ${during + 1} on, in which a sync failed, to succeed; ${accepted.step + 1} did`,
    );
}
