/** Getting onto the disk what was written. */

import { close, closeSync, fsync, fsyncSync, open, openSync } from "node:fs";
import { promisify } from "node:util";
import { BufferError, type Effect } from "@sluice/core";
import type { Faults } from "./faults.js";

const openAsync = promisify(open);
const fsyncAsync = promisify(fsync);
const closeAsync = promisify(close);

/** One sync serves all calls that wait for it: those that come while one runs share the next. */
export class SharedSync<T> {
  readonly #sync: (what: T) => Promise<void>;
  #running: Promise<void> | undefined;
  #next: { what: T; promise: Promise<void> } | undefined;

  constructor(sync: (what: T) => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when everything that was done to it before this call is on the disk. */
  sync(what: T): Promise<void> {
    if (this.#running === undefined) return this.#start(what);
    if (this.#next?.what === what) return this.#next.promise;
    const promise = this.#running.then(
      () => this.#start(what),
      () => this.#start(what),
    );
    this.#next = { what, promise };
    return promise;
  }

  #start(what: T): Promise<void> {
    if (this.#next?.what === what) this.#next = undefined;
    const run = this.#sync(what).finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
    this.#running = run;
    return run;
  }
}

/** After the first sync that fails the system may have dropped what was to be written: nothing can be trusted again. */
export class SyncFailed extends BufferError {
  constructor(cause: unknown, { transport }: Faults, effect: Effect = "none") {
    super("STORAGE_FAILED", `The disk failed to sync: ${String(cause)}`, {
      transport,
      effect,
      cause,
    });
  }
}

export function syncFile(fd: number): Promise<void> {
  return fsyncAsync(fd);
}

export function syncNow(fd: number, faults: Faults, effect: Effect = "none"): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw new SyncFailed(error, faults, effect);
  }
}

export function syncDirectory(path: string, faults: Faults): void {
  const fd = openSync(path, "r");
  try {
    syncNow(fd, faults);
  } finally {
    closeSync(fd);
  }
}

export async function syncDirectoryAsync(path: string): Promise<void> {
  const fd = await openAsync(path, "r");
  try {
    await fsyncAsync(fd);
  } finally {
    await closeAsync(fd);
  }
}
