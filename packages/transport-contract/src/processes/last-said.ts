/** What a child process said last. */

import type { Readable } from "node:stream";

const CHARACTERS_MAX = 4000;

/** @returns what came of all these streams until now, in its order; of a long text the end. */
export function lastSaid(...streams: readonly (Readable | null)[]): () => string {
  let said = "";
  for (const stream of streams) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-CHARACTERS_MAX);
    });
  }
  return () => said;
}
