/** What a message queue of the kernel may hold, and how many items it gets here. */

import { readFileSync } from "node:fs";
import type { Work } from "../works.js";

export function itemCount({ kind }: Work): number {
  return kind === "round-trip" ? 5_000 : 150_000;
}

export function unsuited({ capacity, itemBytes }: Work): string | undefined {
  const [max, bytesMax] = [limit("msg_max"), limit("msgsize_max")];
  if (capacity > max)
    return `holds at most ${max} items unless the system's limit (fs.mqueue.msg_max) is raised`;
  if (itemBytes > bytesMax)
    return `holds items of at most ${bytesMax} bytes unless the system's limit (fs.mqueue.msgsize_max) is raised`;
  return undefined;
}

function limit(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/fs/mqueue/${name}`, "utf8"));
  } catch {
    // Not Linux. Whether it can have as many is seen when it is made.
    return Number.POSITIVE_INFINITY;
  }
}
