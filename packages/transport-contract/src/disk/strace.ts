/** A script's process under strace: which system calls it makes on the buffer's files, and what happens to it at one of them. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Random } from "@sluice/history-checker/random";
import type { RuleContext } from "../kit/context.js";
import { drawn } from "../kit/drawn.js";
import { forever } from "../kit/waiting.js";
import { lastSaid } from "../processes/last-said.js";
import { type ChildEnd, type OwnedChild, spawnOwned } from "../processes/owned-child.js";
import type { Job } from "./script-main.js";
import { shapeOf } from "./shape.js";
import { attachReason, type Traced, Tracer } from "./tracer.js";

/** Those that change what lies on a disk. With a question mark: not every machine has it. */
export const CALLS: readonly string[] = [
  ...["openat", "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate"],
  ...[
    "?link",
    "linkat",
    "?rename",
    "?renameat",
    "renameat2",
    "?unlink",
    "unlinkat",
    "?mkdir",
    "mkdirat",
    "?rmdir",
  ],
];

let probed: { readonly reason: string | undefined } | undefined;

/** Why no process can be traced here; undefined if one can. Looked at once. */
export function straceReason(): string | undefined {
  probed ??= { reason: probe() };
  // Where it is known to be there, a skipped rule would be a mistake.
  if (probed.reason !== undefined && process.env["SLUICE_REQUIRE_STRACE"] === "1")
    throw new Error(probed.reason);
  return probed.reason;
}

function probe(): string | undefined {
  if (process.platform !== "linux") return `strace is not on ${process.platform}`;
  const args = ["-o", "/dev/null", "-e", `trace=${CALLS.join(",")}`, "true"];
  const { error, status, stderr } = spawnSync("strace", args, { encoding: "utf8" });
  if (error !== undefined) return "strace is not installed";
  return status === 0 ? attachReason() : `strace cannot trace here: ${stderr.trim()}`;
}

/** One system call of one thread, by which it can be met again in the next run. */
export interface Site {
  readonly call: string;
  /** Whose it is, by the order in which threads began; -1 for one that began later. strace counts the calls of each by themselves. */
  readonly thread: number;
  /** Of the calls of this name in its thread, from 1. */
  readonly nth: number;
  /** Of the calls of this name on the buffer's files in its thread, from 1: the same in each run, whatever comes in between. */
  readonly which: number;
  /** What kind of place in the adapter's code it is: the call and the names, without their numbers. */
  readonly shape: string;
  /** As strace wrote it. */
  readonly line: string;
}

export interface RunOptions {
  /** What strace is to do. Without it the process runs untraced. */
  readonly strace?: readonly Traced[];
  /** Loaded before everything else. */
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ScriptEnd extends ChildEnd {
  readonly said: string;
  /** Of those that strace was attached to, the numbers in the order in which they began. */
  readonly threads: readonly number[];
}

export interface StartedScript extends OwnedChild {
  readonly end: Promise<ScriptEnd>;
}

/** Runs it to its end, or to that of the rule. */
export async function runScript(t: RuleContext, job: Job, options: RunOptions = {}): Promise<ScriptEnd> {
  if (t.over.aborted) await forever();
  const { end, kill } = startScript(job, options);
  const letGo = t.hold(kill);
  const came = await end;
  await letGo();
  return came;
}

/** Whoever starts it ends it. */
export function startScript(job: Job, options: RunOptions = {}): StartedScript {
  const main = fileURLToPath(new URL("./script-main.js", import.meta.url));
  const isTraced = options.strace !== undefined;
  const pipe = isTraced ? "pipe" : "ignore";
  const args = [...(options.preload === undefined ? [] : ["--import", options.preload]), main];
  const script = spawnOwned(process.execPath, args, {
    env: {
      ...process.env,
      ...options.env,
      SLUICE_CONTRACT_SCRIPT: JSON.stringify({ ...job, isTraced }),
      // One thread besides the main one, so that its calls come in the same order in each run; and calls that can be seen.
      UV_THREADPOOL_SIZE: "1",
      UV_USE_IO_URING: "0",
      // Where glibc gives memory of a second arena back, it opens a file of the kernel's first: whenever it likes.
      MALLOC_ARENA_MAX: "1",
    },
    stdio: [pipe, pipe, "pipe"],
  });
  const said = lastSaid(script.child.stderr);
  const tracer = isTraced ? new Tracer(script, options.strace ?? []) : undefined;
  return {
    child: script.child,
    end: Promise.all([script.end, tracer?.end]).then(([came, threads = []]) => ({
      ...came,
      said: said(),
      threads,
    })),
    async kill() {
      await Promise.all([script.kill(), tracer?.kill()]);
    },
  };
}

/**
 * @param log - what strace wrote, with `-y`.
 * @param threads - the numbers of all of them.
 * @returns the calls on what lies below the directory, in their order.
 */
export function sitesIn(log: string, directory: string, threads: readonly number[] = []): Site[] {
  const below = `${asWritten(directory)}/`;
  const counts = new Map<string, number>();
  const counted = (key: string): number => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
  const sites: Site[] = [];
  for (const line of log.split("\n")) {
    // Of a log of one thread, without its number.
    const [, thread = "", call, rest = ""] = /^(?:(\d+)\s+)?(?:\d+\.\d+\s+)?(\w+)\((.*)$/.exec(line) ?? [];
    if (call === undefined) continue;
    const nth = counted(`${thread} ${call}`);
    const names = [...rest.matchAll(/[<"]([^<">]*)[>"]/g)].map(([, name = ""]) => name);
    const own = names.filter((name) => name.startsWith(below));
    if (own.length === 0) continue;
    const shape = `${call} ${own.map(shapeOfName).join(" ")}`;
    sites.push({
      call,
      thread: threads.indexOf(Number(thread)),
      nth,
      which: counted(`${thread} ${call} of the buffer`),
      shape,
      line,
    });
  }
  return sites;

  function shapeOfName(name: string): string {
    return shapeOf(name.slice(below.length).replace(/\(deleted\)/, ""));
  }
}

/** For a thread by which a site can be met. */
export function threadOf({ thread }: Site): Pick<Traced, "thread"> {
  return thread < 0 ? {} : { thread };
}

/** A path as strace writes it: what is no printable ASCII as octal bytes. */
export function asWritten(path: string): string {
  return [...Buffer.from(path)]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8)}`))
    .join("");
}

/** So many of them, of as many different kinds as there are; all of them if that is fewer. */
export function someOf<T extends { readonly shape: string }>(
  from: readonly T[],
  count: number,
  random: Random,
): T[] {
  if (from.length <= count) return [...from];
  const kinds = new Map<string, T[]>();
  for (const one of from) {
    const kind = kinds.get(one.shape);
    if (kind === undefined) kinds.set(one.shape, [one]);
    else kind.push(one);
  }
  const chosen: T[] = [];
  while (chosen.length < count) {
    for (const kind of drawn([...kinds.values()], random)) {
      if (chosen.length === count) break;
      const one = kind.splice(random.below(kind.length), 1);
      chosen.push(...one);
    }
    for (const [shape, left] of kinds) if (left.length === 0) kinds.delete(shape);
  }
  return chosen;
}
