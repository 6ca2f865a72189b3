/**
 * Counts the system calls of processes that run: with perf where the kernel lets it, which costs them little, else with
 * strace, which stops them at each. Either is no way to measure a time: runs that are counted are runs of their own.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export interface SystemCallCounter {
  readonly name: "perf" | "strace";
  /** Begins to count; resolves when all of them are counted. */
  start(pids: readonly number[]): Promise<Counting>;
}

interface Counting {
  /** How many there were. */
  stop(): Promise<number>;
}

const INSTALL = "apt-get install --no-install-recommends strace";
const EVENT = "raw_syscalls:sys_enter";

const counters = [
  { name: "perf", tried: ["stat", "-e", EVENT, "true"], start: withPerf },
  { name: "strace", tried: ["-c", "-f", "-o", "/dev/null", "true"], start: withStrace },
] as const;

/**
 * The first that works here.
 *
 * @param directory - for what they write.
 * @param names - of those that may be taken.
 */
export function findCounter(
  directory: string,
  names: readonly string[] = counters.map(({ name }) => name),
): SystemCallCounter | { readonly why: string } {
  const file = join(directory, "system-calls");
  for (const { name, tried, start } of counters) {
    if (!names.includes(name) || spawnSync(name, tried, { stdio: "ignore" }).status !== 0) continue;
    return { name, start: (pids) => start(pids, file) };
  }
  return { why: `there is neither perf that may count ${EVENT} nor strace. To have it: ${INSTALL}` };
}

async function withPerf(pids: readonly number[], file: string): Promise<Counting> {
  // It begins when it is told to, and says that it has.
  const args = [
    "stat",
    "-x,",
    "-e",
    EVENT,
    "-o",
    file,
    "-D",
    "-1",
    "--control",
    "fd:3,4",
    "-p",
    pids.join(","),
  ];
  const perf = spawn("perf", args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const acknowledged = hears(perf, perf.stdio[4] as Readable, () => true, 1);
  (perf.stdio[3] as Writable).on("error", () => {}).write("enable\n");
  await acknowledged;
  return { stop: async () => countIn(await writtenBy(perf, file), /^(?<count>\d+),[^,]*,raw_syscalls/m) };
}

async function withStrace(pids: readonly number[], file: string): Promise<Counting> {
  const args = ["-c", "-f", "-o", file, ...pids.flatMap((pid) => ["-p", String(pid)])];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  await hears(strace, strace.stderr as Readable, (line) => line.includes("attached"), pids.length);
  // Percent, seconds, microseconds a call, calls, perhaps errors.
  const total = /^\s*100\.00\s+\S+\s+(?:\S+\s+)?(?<count>\d+)(?:\s+\d+)?\s+total$/m;
  return { stop: async () => countIn(await writtenBy(strace, file), total) };
}

// Until it has said so many lines of the kind.
async function hears(
  program: ChildProcess,
  output: Readable,
  isOne: (line: string) => boolean,
  count: number,
): Promise<void> {
  let heard = 0;
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: output }).on("line", (line) => {
      if (isOne(line)) heard += 1;
      if (heard === count) resolve();
    });
    program.once("error", reject);
    program.once("exit", (code) => reject(new Error(`${program.spawnfile} ended with code ${code}`)));
  });
}

// Interrupted, both write what they have counted.
async function writtenBy(program: ChildProcess, file: string): Promise<string> {
  const ended = new Promise((resolve) => program.once("exit", resolve));
  if (program.exitCode === null && program.signalCode === null) {
    program.kill("SIGINT");
    await ended;
  }
  const text = readFileSync(file, "utf8");
  rmSync(file);
  return text;
}

function countIn(text: string, pattern: RegExp): number {
  const { count } = pattern.exec(text)?.groups ?? {};
  if (count === undefined)
    throw new Error(`No count of system calls in ${JSON.stringify(text.slice(0, 200))}`);
  return Number(count);
}
