/** Errors of the operating system, where a test wants them: Node's file functions, replaced for this process. */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

type SyncFunction =
  | "watch"
  | "linkSync"
  | "fsyncSync"
  | "renameSync"
  | "openSync"
  | "readSync"
  | "writeSync"
  | "mkdirSync"
  | "closeSync"
  | "rmSync"
  | "unlinkSync";

/** Decides by the arguments: what to throw instead of doing it, or nothing. `after` is thrown although it is done. */
type Fault = (...args: unknown[]) => Error | { readonly after: Error } | undefined;

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

/** Undone at the end of the block. */
export function inject(name: SyncFunction, fault: Fault): Disposable & { readonly count: number } {
  const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const real = table[name] as (...args: unknown[]) => unknown;
  let count = 0;
  table[name] = (...args) => {
    const found = fault(...args);
    if (found === undefined) return real(...args);
    count += 1;
    if (found instanceof Error) throw found;
    real(...args);
    throw found.after;
  };
  syncBuiltinESMExports();
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]() {
      table[name] = real;
      syncBuiltinESMExports();
    },
  };
}
