// Goes on after what an earlier life had put; ends its process with each item of `args.crashAt` in hand, once. After
// `args.waitsFor.after` items it waits until there is a file at `args.waitsFor.path`.
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export const resumes = true;

export default async function* resuming({ args, lastSequence, signal }) {
  for (let item = lastSequence + 1; item <= args.items; item++) {
    while (item > args.waitsFor?.after && !existsSync(args.waitsFor.path))
      await delay(10, undefined, { signal });
    if (args.crashAt?.includes(item) && lastSequence + 1 !== item) process.kill(process.pid, "SIGKILL");
    yield `${args.prefix}-${item}`;
  }
}
