// A worker in TypeScript, with types that have to be taken away.
import type { WorkerContext } from "@sluice/core";

interface Args {
  readonly items: number;
}

export default function* typed({ args }: WorkerContext<Args>): Generator<string> {
  for (let item = 1; item <= args.items; item++) yield `typed-${item}`;
}
