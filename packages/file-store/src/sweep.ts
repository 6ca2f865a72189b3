/** What handles that are no more have left in a buffer's directory: cleared away by whoever opens it. */

import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Layout, listNames } from "./layout.js";
import type { DiskLog } from "./log.js";
import { isDead } from "./process-identity.js";

// From the first file of a handle to its first commit: milliseconds, unless the disk or the machine is slow.
const JOINING_MS = 60_000;

/** Names of files by which one can tell whose they are. */
export type Left = Record<"own" | "waiting" | "spare", readonly string[]>;

/** To be called before the state is read, which then knows everyone who has joined by now. */
export function listLeft({ own, waiting, spare }: Layout): Left {
  return { own: listNames(own), waiting: listNames(waiting), spare: listNames(spare) };
}

/**
 * Clears away what was listed, as far as it is of the dead. Should one of them only have looked dead, its link fails and it
 * starts anew; but set-aside space is written to by the next, so it is taken from the dead alone.
 */
export function sweep(log: DiskLog, left: Left): void {
  const { own, waiting, spare } = log.layout;
  const standing = (handle: string | undefined, path: string) => {
    // Of an earlier process that had the handle: this one has made nothing yet.
    if (handle === log.handle) return "dead";
    const participant = log.state.participants.get(handle ?? "");
    if (participant !== undefined) return isDead(participant) ? "dead" : "there";
    // Has left, or is about to join: its first commit is in the making.
    return isYoung(path) ? "there" : "unknown";
  };
  for (const name of left.own) {
    const path = join(own, name);
    if (standing(name.split(".")[0], path) !== "there") rmSync(path, { force: true });
  }
  for (const name of left.waiting) {
    const path = join(waiting, name);
    if (standing(name.split(".")[1], path) !== "there") rmSync(path, { force: true });
  }
  for (const name of left.spare) {
    const [kind, handle] = name.split(".");
    if (kind !== "claimed") continue;
    const path = join(spare, name);
    const is = standing(handle, path);
    if (is === "dead") log.takeBack(name);
    else if (is === "unknown") rmSync(path, { force: true });
  }
}

// By the clock on the wall, which may jump: then it is swept by a later one, or too early, which costs a second try.
function isYoung(path: string): boolean {
  // Changed by a rename as well, which is how set-aside space is claimed.
  const changed = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
  return Math.abs(Date.now() - changed) < JOINING_MS;
}
