/**
 * strace, attached to a script's process once that has loaded its adapter: what it counts then are the script's own calls, and not
 * the hundreds with which Node loads modules, in threads that would come upon a number first.
 */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { lastSaid } from "../processes/last-said.js";
import { type OwnedChild, spawnOwned } from "../processes/owned-child.js";

/** What strace says of each process. */
const ATTACHED = " attached";

/** Attaches to a process that is no child of strace's, and ends both. */
const PROBE = `sleep 60 & process=$!
strace -f -o /dev/null -p $process & strace=$!
until grep -q "TracerPid:.*[1-9]" /proc/$process/status || ! kill -0 $strace; do sleep 0.01; done
kill $process
wait $strace`;

/** Why strace cannot be attached to a process here; undefined if it can. */
export function attachReason(): string | undefined {
  const { error, status, stderr } = spawnSync("sh", ["-c", PROBE], { encoding: "utf8" });
  if (error !== undefined) return error.message;
  if (status === 0) return undefined;
  const said = stderr.trim().split("\n").at(0);
  return `strace cannot be attached to a process here (as root it can, or with kernel.yama.ptrace_scope 0): ${said}`;
}

/** What strace is to do with one thread of a process, or with all of them. */
export interface Traced {
  /** Of those that there are when it attaches, in the order in which they began: 0 is the main one. Default: all, also later ones. */
  readonly thread?: number;
  readonly options: readonly string[];
}

export class Tracer {
  /** Resolves to the numbers of its threads when it attached, none if it did not come so far. Rejects if it could not attach. */
  readonly end: Promise<readonly number[]>;
  readonly #script: OwnedChild;
  readonly #straces: OwnedChild[] = [];

  /** @param script - waits with its standard input, when it has loaded its adapter and said so, until it is traced. */
  constructor(script: OwnedChild, traced: readonly Traced[]) {
    this.#script = script;
    this.end = this.#trace(traced);
  }

  async kill(): Promise<void> {
    await Promise.all(this.#straces.map((strace) => strace.kill()));
  }

  async #trace(traced: readonly Traced[]): Promise<readonly number[]> {
    const { child, end } = this.#script;
    const isLoaded = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, "data").then(() => true),
      end.then(() => false),
    ]);
    if (!isLoaded) return [];
    const threads = readdirSync(`/proc/${child.pid}/task`).map(Number);
    threads.sort((one, other) => one - other);
    await Promise.all(traced.map((one) => this.#attach(one, threads)));
    child.stdin?.end();
    await Promise.all(this.#straces.map((strace) => strace.end));
    return threads;
  }

  async #attach({ thread, options }: Traced, threads: readonly number[]): Promise<void> {
    const one = thread === undefined ? undefined : threads[thread];
    const whom = one === undefined ? ["-f", "-p", String(this.#script.child.pid)] : ["-p", String(one)];
    const strace = spawnOwned("strace", [...options, ...whom], { stdio: ["ignore", "ignore", "pipe"] });
    this.#straces.push(strace);
    const said = lastSaid(strace.child.stderr);
    const isAttached = new Promise<boolean>((resolve) => {
      strace.child.stderr?.on("data", () => said().includes(ATTACHED) && resolve(true));
      const never = () => resolve(false);
      strace.end.then(never, never);
    });
    if (await isAttached) return;
    await this.#script.kill();
    throw new Error(`strace could not attach: ${said().trim()}`);
  }
}
