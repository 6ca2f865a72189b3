// Takes its time over each item. Refuses item `args.refused` once, and ends its process at `args.fatal` once, in all its lives together.
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

let refused = false;

export default async function collect(item, { args }) {
  if (args.everyMs > 0) await delay(args.everyMs);
  if (item === args.fatal && !existsSync(args.marker)) {
    writeFileSync(args.marker, "");
    process.exit(7);
  }
  if (item === args.refused && !refused) {
    refused = true;
    throw new Error(`${item} is refused`);
  }
}
