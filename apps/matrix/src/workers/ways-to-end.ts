/** What can go wrong with a worker, each for real. */

import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type WayToFail = "SIGKILL" | "exit 0" | "exit 3" | "throws" | "hangs" | "blocks";

/** Where the items are listed at which workers failed: for whoever waits for that, since a blocked worker tells nothing. */
export const FAILING = "failing";

export interface Failing {
  readonly how: WayToFail;
  /** The item at which it fails. Omitted: at each. */
  readonly item?: string;
  /** In one life only, of all workers that are given this name. Omitted: every time. */
  readonly once?: string;
}

const WAYS: Record<WayToFail, () => unknown> = {
  SIGKILL: () => process.kill(process.pid, "SIGKILL"),
  "exit 0": () => process.exit(0),
  "exit 3": () => process.exit(3),
  throws: () => {
    throw new Error("this does not work");
  },
  hangs: () => new Promise(() => {}),
  blocks: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
};

/** @param records - the folder in which it is remembered what was to be once. */
export async function failAt(item: string, failing: Failing | undefined, records: string): Promise<void> {
  if (failing === undefined || (failing.item !== undefined && failing.item !== item)) return;
  if (failing.once !== undefined && !isFirst(join(records, failing.once))) return;
  appendFileSync(join(records, FAILING), `${item}\n`);
  await WAYS[failing.how]();
}

/** Whether nobody has asked for this path before, in whatever process. */
export function isFirst(path: string): boolean {
  try {
    writeFileSync(path, "", { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
