// Takes its time over each item.
import { setTimeout as delay } from "node:timers/promises";

export default async function collect(_item, { args, signal }) {
  if (args?.everyMs > 0) await delay(args.everyMs, undefined, { signal });
}
