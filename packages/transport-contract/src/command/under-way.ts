/**
 * Which rule is under way, as the process that runs it tells the one that attends it: that one can say so also while an adapter
 * blocks the other.
 */

import type { ChildProcess } from "node:child_process";
import type { Screen } from "./progress.js";

interface UnderWay {
  /** Number and meaning; empty between two rules. */
  readonly underWay: string;
}

export function tellUnderWay(title: string): void {
  const message: UnderWay = { underWay: title };
  // To one that is gone: it is the end of this process too.
  process.send?.(message, undefined, {}, () => {});
}

/**
 * Names a rule that takes long, where nothing else does: a terminal has a line for each.
 *
 * @returns tells the title of the rule under way, if there is one.
 */
export function hearUnderWay(child: ChildProcess, screen: Screen, longMs: number): () => string {
  let title = "";
  let timer: NodeJS.Timeout | undefined;
  child.on("message", ({ underWay }: UnderWay) => {
    clearTimeout(timer);
    title = underWay;
    if (title === "" || screen.isTTY === true) return;
    timer = setTimeout(() => screen.write(`under way for ${longMs / 1_000} s: ${title}\n`), longMs).unref();
  });
  return () => title;
}
