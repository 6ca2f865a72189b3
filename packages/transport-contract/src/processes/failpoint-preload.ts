/**
 * Loaded before everything else in a child process (`node --import`): arms a failpoint of the adapter, so that the process kills
 * or stops itself, at its n-th passing, at the named instant.
 */

import { appendFileSync } from "node:fs";
import { randomFrom } from "@sluice/history-checker/random";

export interface ArmedFailpoint {
  readonly name: string;
  /** From 1. */
  readonly passing: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
  /** A line that is appended to a file when it is come upon. */
  readonly strike?: { readonly file: string; readonly line: string };
}

/** A medium that is slow now and then: at some passings of any failpoint the process stands still for a while. */
export interface Latency {
  readonly maxMs: number;
  readonly seed: number;
}

/** One passing in so many takes its time. */
const SLOW_ONE_IN = 8;

const armed = given<ArmedFailpoint>("SLUICE_CONTRACT_FAILPOINT");
const latency = given<Latency>("SLUICE_CONTRACT_LATENCY");
if (armed !== undefined || latency !== undefined) {
  const random = latency && randomFrom(latency.seed);
  const clock = new Int32Array(new SharedArrayBuffer(4));
  let passed = 0;
  const hook = (name: string): void => {
    if (latency !== undefined && random?.below(SLOW_ONE_IN) === 0)
      Atomics.wait(clock, 0, 0, random.below(latency.maxMs));
    if (name !== armed?.name || ++passed !== armed.passing) return;
    if (armed.strike !== undefined) appendFileSync(armed.strike.file, `${armed.strike.line}\n`);
    process.kill(process.pid, armed.signal);
  };
  Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), hook);
}

function given<T>(variable: string): T | undefined {
  const text = process.env[variable];
  return text === undefined || text === "" ? undefined : (JSON.parse(text) as T);
}
