/** What a lock strategy is: how commits are made. It stands in the buffer's header, so that all processes do the same. */

import type { BufferSpec, MaybePromise } from "@sluice/core";
import { flockStrategy } from "./flock-strategy.js";
import type { Layout } from "./layout.js";
import { linkStrategy } from "./link-strategy.js";
import type { DiskCommits, LogOptions } from "./log.js";

/** The lock strategies that there are. */
export const LOCK_NAMES = ["proper-lockfile", "flock"] as const;
export type LockName = (typeof LOCK_NAMES)[number];

export interface LockStrategy {
  /**
   * Makes what a new buffer needs besides its header, in its root.
   *
   * @param sync - makes sure of a file's bytes, where that is wished for.
   * @returns the directories that it made and wrote to, for the same.
   */
  createFiles(layout: Layout, spec: BufferSpec, sync: (fd: number) => void): string[];
  open(options: LogOptions): DiskCommits;
}

/** @throws BufferError `CAPABILITY_MISSING`, where the system calls that it needs cannot be had. */
export function lockStrategy(name: LockName): MaybePromise<LockStrategy> {
  return name === "flock" ? flockStrategy() : linkStrategy;
}
