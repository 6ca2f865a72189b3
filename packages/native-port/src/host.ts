/** What transports of one host ask of the operating system besides. */

import { execFileSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";

// By so much may the clocks of two processes differ.
const APART_MS = 0.05;
const READINGS_MAX = 1_000;
const PROCESS_STARTED_MS = processStartedMs();

/** Milliseconds of the machine's monotonic clock: the same for all processes of one boot, untouched by the wall clock. */
export function monotonicMs(): number {
  return PROCESS_STARTED_MS + performance.now();
}

/**
 * Two views of one clock, CLOCK_MONOTONIC: since the machine was started, and since this process was, which is cheaper to read. The
 * process may stand still for long between two readings: its leases would be over by that much too early. So one is read between two of
 * the other, until these are close together; the closest ones are taken where they never are.
 */
function processStartedMs(): number {
  let startedMs = 0;
  let apartMs = Number.POSITIVE_INFINITY;
  for (let readings = 0; apartMs > APART_MS && readings < READINGS_MAX; readings++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now();
    if (after - before >= apartMs) continue;
    apartMs = after - before;
    startedMs = seconds * 1000 + nanoseconds / 1e6 - after;
  }
  return startedMs;
}

let boot: string | undefined;

/** Changes with every boot; empty where the system does not tell, and then nothing is to be concluded from it. */
export function bootId(): string {
  boot ??= attempt(readBootId) ?? "";
  return boot;
}

// Where locks and links are not seen by all at once, or lie: from statfs(2) and linux/magic.h.
const REMOTE_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB2"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE or virtiofs"],
]);

/** Name of the file system that a path lies on if another machine may have it mounted too; undefined for a local one. */
export function remoteFileSystem(path: string): string | undefined {
  return REMOTE_FILE_SYSTEMS.get(statfsSync(path).type);
}

function readBootId(): string {
  if (process.platform === "linux") return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  if (process.platform !== "darwin") return "";
  return execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
