/** A producer of the demo, as the orchestrator runs it: every `yield` waits until there is room in the buffer. */

import type { WorkerContext } from "@sluice/core";
import type { Range } from "./args.js";
import { linesFrom } from "./line-source.js";
import { paceOf } from "./pace.js";
import { itemName } from "./poison.js";

export interface ProducerArgs {
  readonly items: number;
  readonly produceMs: Range;
  readonly seed: number;
  /** Where to fetch lines, in place of making items. */
  readonly lines?: string;
}

/** It goes on after what it had put before it was killed. */
export const resumes = true;

export default async function* produce(
  context: WorkerContext<ProducerArgs>,
): AsyncGenerator<string | Uint8Array, void> {
  const { args, index, signal, lastSequence } = context;
  const pace = paceOf(args.produceMs, args.seed, index);
  if (args.lines !== undefined) {
    for await (const line of linesFrom(args.lines, { producer: index, lastSequence }, signal)) {
      await pace(signal);
      yield line;
    }
    return;
  }
  for (let item = lastSequence + 1; item <= args.items; item++) {
    await pace(signal);
    yield itemName(index, item);
  }
}
