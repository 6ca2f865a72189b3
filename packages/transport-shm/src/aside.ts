/**
 * What is being made or removed stands beside its place, under a random name: at the place itself a buffer appears and goes at
 * one instant.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { show } from "@sluice/core";
import type { NativePort } from "@sluice/native-port";
import { errnoOf, fault } from "./faults.js";
import { DIRECTORY_MODE, rootName } from "./place.js";

const PARENT_WAIT_MS = 1_000;

/** A name beside the place for what is being made or removed. */
export function asideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString("hex")}`);
}

/** Removes a buffer. Renamed first: it is gone at one instant. Another one may be there already, which is not ours. */
export function removePlace(path: string, id: string): void {
  const aside = asideOf(path);
  try {
    mkdirSync(aside, { mode: DIRECTORY_MODE });
    renameSync(join(path, rootName(id)), join(aside, rootName(id)));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  rmSync(aside, { recursive: true, force: true });
  try {
    // Only if it is empty.
    rmdirSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
  }
}

/** While anybody makes a buffer in this directory, nobody sweeps it. Returns what gives the lock back. */
export async function lockParent(native: NativePort, path: string): Promise<() => void> {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const end = performance.now() + PARENT_WAIT_MS;
  while (!native.flock(fd, "shared")) {
    if (performance.now() >= end) {
      closeSync(fd);
      throw fault("BUFFER_BUSY", `Somebody holds the lock of ${show(dirname(path))}`);
    }
    await sleep(1);
  }
  return () => closeSync(fd);
}

/** Removes what the dead were making or removing. */
export function sweepAside(native: NativePort, path: string): void {
  const left = asides(path);
  if (left.length === 0) return;
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (!native.flock(fd, "exclusive")) return;
    for (const aside of left) rmSync(aside, { recursive: true, force: true });
  } finally {
    closeSync(fd);
  }
}

function asides(path: string): string[] {
  const prefix = `.${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length)))
    .map((name) => join(dirname(path), name));
}
