/**
 * Who is alive, on one host. The answer is a hint that hastens what the commits fence anyway: a process taken for alive
 * costs the lease's time, and one is taken for dead only where the system says so without doubt.
 */

import { readFileSync, readlinkSync } from "node:fs";
import { bootId } from "@sluice/native-port";
import type { Identity } from "./operation.js";

let own: Identity | undefined;

export function ownIdentity(): Identity {
  own ??= {
    pid: process.pid,
    started: processState(process.pid)?.started ?? "",
    boot: bootId(),
    namespace: attempt(() => readlinkSync("/proc/self/ns/pid")) ?? "",
  };
  return own;
}

/** Whether it is this very process. */
export function isOwn({ pid, started, boot, namespace }: Identity): boolean {
  const here = ownIdentity();
  return pid === here.pid && started === here.started && boot === here.boot && namespace === here.namespace;
}

/** Whether a boot is certainly not the one that is running. */
export function isOtherBoot(boot: string): boolean {
  const here = ownIdentity().boot;
  return here !== "" && boot !== here;
}

/** Alive, dead, or not to be told: another namespace of process numbers. */
export function isDead(identity: Identity): boolean {
  const here = ownIdentity();
  if (identity.boot !== here.boot && identity.boot !== "" && here.boot !== "") return true;
  // Where one of them is not known, it may be another one: then it is dead, too, if its number is nobody's.
  if (identity.namespace !== here.namespace) return false;
  if (identity.pid === here.pid) return identity.started !== here.started;
  if (identity.started === "" || here.started === "") return !answersSignals(identity.pid);
  const found = processState(identity.pid);
  if (found === undefined) return !answersSignals(identity.pid);
  // A zombie has ended; its parent has not looked yet, and may never.
  return found.started !== identity.started || found.state === "Z" || found.state === "X";
}

/**
 * State and start time from /proc: fields 3 and 22 of proc(5), counted behind the name, which may hold anything.
 * Undefined where it cannot be read, for whatever reason: that alone proves nothing.
 */
function processState(pid: number): { state: string; started: string } | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields?.[0];
  const started = fields?.[19];
  return state === undefined || started === undefined ? undefined : { state, started };
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
