/**
 * What the processes of a run have used, as Linux tells of each in /proc: all that this process has started, workers and
 * servers alike. Elsewhere nothing is known.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

export interface ProcessCosts {
  /** In user and system mode, of all threads. */
  readonly cpuUs: number;
  /** How often a thread gave its processor up to wait for something. */
  readonly wakeUps: number;
  /** Largest resident sets, added up; what processes share is in each. */
  readonly peakBytes: number;
}

/** By item, or by round trip. */
export interface CostsPerItem {
  readonly cpuUsPerItem?: number;
  readonly wakeUpsPerItem?: number;
  /** Of the run, not of an item. */
  readonly peakBytes?: number;
  /** In a run that is not timed. */
  readonly systemCallsPerItem?: number;
}

export function costsPerItem(
  before: ProcessCosts | undefined,
  after: ProcessCosts | undefined,
  items: number,
): CostsPerItem {
  if (before === undefined || after === undefined) return {};
  return {
    cpuUsPerItem: (after.cpuUs - before.cpuUs) / items,
    wakeUpsPerItem: (after.wakeUps - before.wakeUps) / items,
    peakBytes: after.peakBytes,
  };
}

/** Processes that this one has started, and those that they have. */
export function startedProcesses(): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processes()) {
    const parent = statOf(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(process.pid);
}

/** Lets the largest resident sets begin anew: what a process needed to start is not what the work needs. */
export function resetPeaks(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, "5");
    } catch {
      // It is another user's, or gone: then its peak is that of its whole life, or nobody's.
    }
  }
}

/** Undefined where there is no /proc. */
export function costsOf(pids: readonly number[]): ProcessCosts | undefined {
  let [cpuUs, wakeUps, peakBytes, found] = [0, 0, 0, 0];
  for (const pid of pids) {
    const stat = statOf(pid);
    if (stat === undefined) continue;
    found += 1;
    peakBytes += figureIn(read(`/proc/${pid}/status`), "VmHWM") * 1024;
    const threads = listed(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
    // Nanoseconds, where the kernel counts them; its ticks are hundredths of a second.
    const ran = threads.map((thread) => Number(read(`${thread}/schedstat`).split(" ")[0] || Number.NaN));
    const ranNs = ran.reduce((sum, ns) => sum + ns, 0);
    cpuUs += Number.isNaN(ranNs) ? stat.cpuUs : ranNs / 1_000;
    for (const thread of threads) wakeUps += figureIn(read(`${thread}/status`), "voluntary_ctxt_switches");
  }
  return found === 0 ? undefined : { cpuUs, wakeUps, peakBytes };
}

// USER_HZ, which is 100 on every Linux there is.
const US_PER_TICK = 10_000;

function statOf(pid: number): { readonly parent: number; readonly cpuUs: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The name before it may have anything in it, parentheses and spaces too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 13) return undefined;
  // Fields 4, 14 and 15 of proc(5), of which the first here is number 3.
  const [parent, user, system] = [1, 11, 12].map((at) => Number(fields[at])) as [number, number, number];
  return { parent, cpuUs: (user + system) * US_PER_TICK };
}

function processes(): number[] {
  return listed("/proc").map(Number).filter(Number.isInteger);
}

// Whoever is looked at may end meanwhile.
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function figureIn(status: string, name: string): number {
  const line = status.split("\n").find((text) => text.startsWith(`${name}:`));
  return Number.parseInt(line?.slice(name.length + 1) ?? "0", 10);
}
