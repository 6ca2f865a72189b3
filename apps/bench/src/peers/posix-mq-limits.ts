/** What a message queue of the kernel may hold, and how many items it gets here. */

import { readFileSync } from "node:fs";
import type { Work } from "../works.js";

export function itemCount({ kind }: Work): number {
  return kind === "round-trip" ? 5_000 : 150_000;
}

export function unsuited({ capacity }: Work): string | undefined {
  const max = capacityMax();
  if (capacity <= max) return undefined;
  return `holds at most ${max} items unless the system's limit (fs.mqueue.msg_max) is raised`;
}

function capacityMax(): number {
  try {
    return Number(readFileSync("/proc/sys/fs/mqueue/msg_max", "utf8"));
  } catch {
    // Not Linux. Whether it can have as many is seen when it is made.
    return Number.POSITIVE_INFINITY;
  }
}
