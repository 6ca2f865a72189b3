/** A consumer of the demo: called with one item at a time, which is acked when the function returns. */

import { closeSync, openSync, writeSync } from "node:fs";
import type { WorkerContext } from "@sluice/core";
import type { Range } from "./args.js";
import { type Pace, paceOf } from "./pace.js";

export interface ConsumerArgs {
  readonly consumeMs: Range;
  readonly seed: number;
  /** Where to append what was received. */
  readonly output?: string;
  /** Items that fail each time. */
  readonly poison?: readonly string[];
}

interface Worker {
  readonly pace: Pace;
  readonly output: number | undefined;
  readonly poison: ReadonlySet<unknown>;
}

// By context: in-process consumers share this module.
const workers = new WeakMap<object, Worker>();
const opened: number[] = [];

export default async function consume(
  item: string | Uint8Array,
  context: WorkerContext<ConsumerArgs>,
): Promise<void> {
  const { pace, output, poison } = workers.get(context) ?? begin(context);
  await pace(context.signal);
  if (poison.has(item)) throw new Error(`${item} is poison`);
  // Before the ack, so that an item which counts as consumed is in the file.
  if (output !== undefined) appendLine(output, item);
}

export function close(): void {
  for (const output of opened.splice(0)) closeSync(output);
}

function begin(context: WorkerContext<ConsumerArgs>): Worker {
  const { consumeMs, seed, output, poison } = context.args;
  const worker = {
    // Far from the producers' rows.
    pace: paceOf(consumeMs, seed, 500 + context.index),
    output: output === undefined ? undefined : openSync(output, "a"),
    poison: new Set(poison),
  };
  if (worker.output !== undefined) opened.push(worker.output);
  workers.set(context, worker);
  return worker;
}

/** One write for a line: with O_APPEND the system keeps the lines of several processes apart. */
function appendLine(output: number, item: string | Uint8Array): void {
  let left: Uint8Array = Buffer.concat([Buffer.from(item), Buffer.from("\n")]);
  while (left.byteLength > 0) left = left.subarray(writeSync(output, left));
}
