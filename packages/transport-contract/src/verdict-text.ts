/** Of a verdict, what a reader is told. */

import type { Verdict } from "./run-contract.js";

const SECOND = 1_000;

/** Its time, for a reader; nothing for one that was not run. */
export function took({ outcome, ms }: Verdict): string {
  if (outcome === "skipped") return "";
  return ms < SECOND ? `${ms.toFixed(0)} ms` : `${(ms / SECOND).toFixed(1)} s`;
}

/** What there is to say of it beside its verdict, in one line. */
export function remark({ outcome, reason, error, title, rule }: Verdict): string {
  if (outcome === "skipped") return `${reason}`;
  if (outcome === "passed") return title.slice(rule.length + 1);
  const [first = ""] = messageOf(error).split("\n");
  return first.startsWith(`${rule}: `) ? first.slice(rule.length + 2) : first;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
