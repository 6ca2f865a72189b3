/** Syncs of the disk that fail. Imported before the transport, which looks for the function once. */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { errno } from "./fs-faults.js";

type Callback = (error: Error | null) => void;

const real = fs.fsync;
let failNth = 0;
let count = 0;

const replaced = (fd: number, callback: Callback) => {
  count += 1;
  if (failNth > 0 && --failNth === 0) queueMicrotask(() => callback(errno("EIO")));
  else real(fd, callback);
};
(fs as { fsync: unknown }).fsync = replaced;
syncBuiltinESMExports();

/** How many there were. */
export function syncs(): number {
  return count;
}

/** The n-th sync from now on reports an error, and only that one. */
export function failSync(nth: number): void {
  failNth = nth;
}
