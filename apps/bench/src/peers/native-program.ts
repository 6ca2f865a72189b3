/** A candidate whose workers are a program in C: compiled when it is measured, into the benchmark's own directory. */

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Candidate, Readiness } from "../candidate.js";
import { startEach } from "../running.js";

// Optimised, for the machine it is compiled on as for any; GNU's C of 2011 has atomics and what Linux adds to POSIX.
const FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"];
// For glibc before 2.34, which has shm_open and mq_open in a library of their own.
const LIBRARIES = process.platform === "linux" ? ["-lrt"] : [];
const INSTALL =
  "apt-get install --no-install-recommends gcc libc6-dev (or another C compiler that is called cc)";

const run = promisify(execFile);

export interface NativeCandidate
  extends Pick<Candidate, "name" | "about" | "module" | "itemCount" | "unsuited"> {
  /** One file in C, which includes `native/harness.h`. */
  readonly source: URL;
  /**
   * Keeps producer and consumer on different cores, so that every item is handed from core to core. Otherwise the
   * scheduler may have both on one, where a large ring is filled and emptied in turns out of one cache. Default false.
   */
  readonly isPinned?: boolean;
}

export function nativeProgram({ source, isPinned = false, ...candidate }: NativeCandidate): Candidate {
  const file = fileURLToPath(source);
  const pinning = isPinned ? ["-DPINNED"] : [];
  let program = "";
  return {
    ...candidate,
    bound: "strict",
    hasBatches: false,
    async prepare({ directory, signal }) {
      program = join(directory, candidate.name);
      const compiled = await compile([...FLAGS, ...pinning, "-o", program, file, ...LIBRARIES], signal);
      return compiled.isReady ? tried(program, compiled) : compiled;
    },
    async create({ capacity, itemBytes }) {
      const name = nameOfBuffer();
      await told(program, ["create", name, String(capacity), String(itemBytes)]);
      return { address: name, destroy: () => told(program, ["destroy", name]) };
    },
    start: (jobs) =>
      startEach(jobs, ({ role, index, count, itemBytes, put, addresses }) => [
        ...([program, role, `${index}`, `${count}`, `${itemBytes}`, put.join(",")] as const),
        ...addresses.map(String),
      ]),
  };
}

// None of the kinds is in a directory: they are known to the system by a name.
function nameOfBuffer(): string {
  return `/sluice-bench-${randomUUID()}`;
}

// What it prints when it fails is a message for the benchmark, and says why.
async function told(program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (error) {
    const { stdout = "" } = error as { stdout?: string };
    const { reason = stdout } = /"reason":"(?<reason>[^"]*)"/.exec(stdout)?.groups ?? {};
    throw new Error(`${args[0]}: ${reason}`, { cause: error });
  }
}

// Not every system, and not every container, has what it needs from the kernel.
async function tried(program: string, readiness: Readiness): Promise<Readiness> {
  const name = nameOfBuffer();
  try {
    await told(program, ["create", name, "2", "64"]);
    await told(program, ["destroy", name]);
    return readiness;
  } catch (error) {
    return { isReady: false, why: `the system does not let it: ${(error as Error).message}` };
  }
}

async function compile(args: readonly string[], signal: AbortSignal): Promise<Readiness> {
  try {
    await run("cc", args, { signal });
    const { stdout } = await run("cc", ["--version"], { signal });
    return { isReady: true, version: `${stdout.split("\n")[0]} ${FLAGS.join(" ")}` };
  } catch (error) {
    const { code, stderr = "" } = error as { code?: string | number; stderr?: string };
    if (code === "ENOENT") return { isReady: false, why: "there is no C compiler (cc)", install: INSTALL };
    const first = stderr.split("\n").find((line) => /error/i.test(line)) ?? String(error);
    return { isReady: false, why: `it does not compile: ${first.trim()}`, install: INSTALL };
  }
}
