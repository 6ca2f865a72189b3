/** Processes as the system shows them, in /proc. */

import { readdirSync, readFileSync } from "node:fs";

/** The variable by which all processes of one run are known, whoever started them. */
export const TAG = "SLUICE_MATRIX_RUN";

/** Those that live and carry the tag. */
export function processesTagged(tag: string): number[] {
  return everybody().filter((pid) => isTagged(pid, tag));
}

/** Whether it lives and carries the tag. */
export function isTagged(pid: number, tag: string): boolean {
  return read(pid, "environ")?.split("\0").includes(`${TAG}=${tag}`) ?? false;
}

/** The broker that carries the tag, if there is one. */
export function brokerTagged(tag: string): number | undefined {
  return processesTagged(tag).find((pid) => read(pid, "cmdline")?.includes("broker-main"));
}

/** Nothing, where it has come to its end by itself just now. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** What it runs, for a message. */
export function commandOf(pid: number): string {
  return (read(pid, "cmdline") ?? "gone").split("\0").join(" ").trim();
}

/** The most memory that it ever had at once; 0 once it is gone. */
export function peakMemoryKiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(read(pid, "status") ?? "")?.[1] ?? 0);
}

function everybody(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined once it is gone. A process that has ended and was not waited for has nothing to read. */
function read(pid: number, what: "environ" | "cmdline" | "status"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return undefined;
  }
}
