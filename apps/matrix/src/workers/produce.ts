/** Produces `a-1`, `a-2` and so on, and goes on after what an earlier life had put. Fails where it is told to. */

import { existsSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { WorkerContext } from "@sluice/core";
import { peakMemoryKiB } from "../processes.js";
import { type Failing, failAt } from "./ways-to-end.js";

export interface ProduceArgs {
  readonly prefix: string;
  readonly items: number;
  readonly records: string;
  readonly everyMs?: number;
  readonly failing?: Failing;
  /** After so many items it waits until it is stopped. */
  readonly waitsAfter?: number;
  /** After so many items it waits until there is such a file. */
  readonly waitsFor?: { readonly after: number; readonly path: string };
  /** So much it prints before its first item, which then says by how many KiB its memory grew. */
  readonly printMiB?: number;
  /** Its standard output is that of its program: then it minds a full pipe by itself, as whoever prints so much there has to. */
  readonly printsForAll?: boolean;
}

const LOOK_EVERY_MS = 10;

export const resumes = true;

export default async function* produce(context: WorkerContext<ProduceArgs>): AsyncGenerator<string> {
  const { args, lastSequence, signal } = context;
  const { prefix, items, everyMs = 0, waitsAfter = Number.POSITIVE_INFINITY, waitsFor, printMiB = 0 } = args;
  const grownKiB = printMiB > 0 ? print(printMiB, args.printsForAll ?? false) : undefined;
  for (let n = lastSequence + 1; n <= items; n++) {
    if (n > waitsAfter) await untilAborted(signal);
    while (waitsFor !== undefined && n > waitsFor.after && !existsSync(waitsFor.path))
      await delay(LOOK_EVERY_MS, undefined, { signal });
    if (everyMs > 0) await delay(everyMs, undefined, { signal });
    const item = grownKiB === undefined ? `${prefix}-${n}` : `${prefix}-${n} grown ${grownKiB}`;
    await failAt(item, args.failing, args.records);
    yield item;
  }
}

/** Without awaiting anything. */
function print(mebibytes: number, isForAll: boolean): number {
  const before = peakMemoryKiB(process.pid);
  const line = "x".repeat(2 ** 16 - 8);
  for (let n = 0; n < mebibytes * 16; n++) {
    const text = `${line}${String(n).padStart(7)}`;
    if (isForAll) writeAll(Buffer.from(`${text}\n`));
    else console.log(text);
  }
  return peakMemoryKiB(process.pid) - before;
}

function writeAll(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSome(bytes.subarray(written));
}

/** A pipe may be set not to wait. */
function writeSome(bytes: Uint8Array): number {
  for (;;) {
    try {
      return writeSync(1, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
