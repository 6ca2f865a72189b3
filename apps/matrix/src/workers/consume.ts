/** Writes down what it is done with. Fails where it is told to. */

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { WorkerContext } from "@sluice/core";
import { type Failing, failAt, isFirst } from "./ways-to-end.js";

export interface ConsumeArgs {
  /** A folder for what is to be known afterwards. */
  readonly records: string;
  readonly everyMs?: number;
  readonly failing?: Failing;
  /** Items whose number this divides are refused the first time. */
  readonly refuses?: number;
}

export default async function consume(item: string, context: WorkerContext<ConsumeArgs>): Promise<void> {
  const { args, signal, index } = context;
  const { records, everyMs = 0, failing, refuses } = args;
  await failAt(item, failing, records);
  if (everyMs > 0) await delay(everyMs, undefined, { signal });
  const number = Number(/\d+/.exec(item)?.[0]);
  if (refuses !== undefined && number % refuses === 0 && isFirst(join(records, `refused-${item}`)))
    throw new Error(`${item} is refused once`);
  appendFileSync(join(records, `done-${process.pid}-${index}`), `${item}\n`);
}
