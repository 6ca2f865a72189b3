/** What this process holds: to be compared with what it held before. */

import { readdir } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Resources {
  /** Open descriptors; 0 where the system does not list them. */
  readonly descriptors: number;
  /** Timers, sockets, watchers and the like that keep the process. */
  readonly others: number;
  /** Of JavaScript, the memory of its arrays of bytes included. */
  readonly heapBytes: number;
}

let collect: (() => void) | undefined;

/** After everything that can be collected was. */
export async function resourcesInUse(): Promise<Resources> {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  for (let i = 0; i < 3; i++) {
    await turn();
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    descriptors: (await readdir("/proc/self/fd").catch(() => [])).length,
    others: process.getActiveResourcesInfo().length,
    heapBytes: heapUsed + arrayBuffers,
  };
}
