/** A producer of the demo, as the orchestrator runs it: every `yield` waits until there is room in the buffer. */

import type { WorkerContext } from "@sluice/core";
import type { Range } from "./args.js";
import { linesFrom } from "./line-source.js";
import { paceOf } from "./pace.js";

export interface ProducerArgs {
  readonly items: number;
  readonly produceMs: Range;
  readonly seed: number;
  /** Where to fetch lines, in place of making items. */
  readonly lines?: string;
}

export default async function* produce(
  context: WorkerContext<ProducerArgs>,
): AsyncGenerator<string | Uint8Array, void> {
  const { args, index, signal } = context;
  const pace = paceOf(args.produceMs, args.seed, index);
  if (args.lines !== undefined) {
    for await (const line of linesFrom(args.lines, signal)) {
      await pace(signal);
      yield line;
    }
    return;
  }
  for (let item = 1; item <= args.items; item++) {
    await pace(signal);
    yield `P${index + 1}-${item}`;
  }
}
