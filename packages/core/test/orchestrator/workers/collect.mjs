// Takes its time over each item. Where so many of them are to meet in a folder, it keeps its first until all have one.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

let hasMet = false;

export default async function collect(_item, { args, signal }) {
  if (args?.meeting !== undefined && !hasMet) {
    mkdirSync(join(args.meeting.folder, String(process.pid)), { recursive: true });
    while (readdirSync(args.meeting.folder).length < args.meeting.count)
      await delay(5, undefined, { signal });
    hasMet = true;
  }
  if (args?.everyMs > 0) await delay(args.everyMs, undefined, { signal });
}
