// Produces `${args.prefix}-1` to `${args.prefix}-${args.items}`, going on after what an earlier life had put.
import { setTimeout as delay } from "node:timers/promises";

export default async function* count({ args, lastSequence, signal }) {
  for (let item = lastSequence + 1; item <= args.items; item++) {
    if (args.everyMs > 0) await delay(args.everyMs, undefined, { signal });
    yield `${args.prefix}-${item}`;
  }
}
