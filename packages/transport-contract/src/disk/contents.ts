/** What the buffer's files held after each step of a script: so that it is known what damage to one of them may take away. */

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Of one file. */
interface Content {
  readonly size: number;
  /** Without the zeros at its end, which may be space that was set aside. */
  readonly bytes: number;
  /** Of those bytes. */
  readonly digest: string;
}

/** By the files' relative paths. */
export type Contents = Readonly<Record<string, Content>>;

/** The zeros at the end of a file are space that was set aside, or the end of what was written last: at most so many of them. */
const ZEROS_MAX = 64;

export function contentsFile(record: string): string {
  return `${record}.contents`;
}

export function contentsOf(directory: string): Contents {
  const contents: Record<string, Content> = {};
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const path = join(directory, name);
    if (lstatSync(path).isFile()) contents[name] = contentOf(readFileSync(path));
  }
  return contents;
}

function contentOf(all: Buffer): Content {
  let bytes = all.length;
  while (bytes > 0 && all[bytes - 1] === 0) bytes--;
  return { size: all.length, bytes, digest: digestOf(all.subarray(0, bytes)) };
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/**
 * How far back a buffer may fall when one of its files is cut: all that the file held of a state is still there, or nothing of it
 * was ever in that file, and so that state, or a newer one, is to be had.
 *
 * @param history - what the files held in each state, the oldest first; the last one is what they held when they were damaged.
 * @param bytes - of the file, before it was cut.
 * @returns the place of the oldest state that may be served.
 */
export function oldestAfterCut(
  history: readonly Contents[],
  file: string,
  bytes: Buffer,
  offset: number,
): number {
  const last = history.at(-1) ?? {};
  const before = history.map((contents) => {
    const content = contents[file];
    // It may have been made to hold what others held before: then they are gone.
    if (content === undefined || content.bytes === 0)
      return Object.keys(contents).every((name) => name in last) ? "elsewhere" : "unknown";
    if (digestOf(bytes.subarray(0, content.bytes)) !== content.digest) return "unknown";
    return Math.min(content.bytes + ZEROS_MAX, content.size) <= offset ? "intact" : "cut";
  });
  const known = before.findLastIndex((one) => one === "intact" || one === "elsewhere");
  if (known >= 0) return known;
  // It is cut in what it held from the beginning on: then there is but what the others know, which is all or nothing.
  return before[0] === "cut" ? history.length - 1 : 0;
}
