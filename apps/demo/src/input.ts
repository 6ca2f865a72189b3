/** What `--input` and `--output` name, opened before anything is made. */

import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { UsageError } from "./args.js";
import { OutputFile } from "./output-file.js";

export interface Input {
  readonly stream: Readable;
  readonly stats: Stats | undefined;
}

/** @throws UsageError */
export async function openInput(path: string): Promise<Input> {
  if (path === "-") {
    // Not fstatSync(0): in Node 20, once that has looked at a pipe, the next import takes a link in its path for the real
    // path (`realpathSync` goes by the kind of file that the last look left behind).
    return { stream: process.stdin, stats: await stat("/dev/stdin").catch(() => undefined) };
  }
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (!stats.isDirectory()) return { stream: file.createReadStream(), stats };
    await file.close();
  } catch (error) {
    throw cannot("read --input", path, error);
  }
  throw new UsageError(`Cannot read --input ${JSON.stringify(path)}: it is a directory`);
}

/** @throws UsageError */
export async function openOutput(path: string, input: Input | undefined): Promise<OutputFile> {
  let output: OutputFile;
  try {
    output = await OutputFile.open(path);
  } catch (error) {
    throw cannot("write --output", path, error);
  }
  if (input?.stats === undefined || !output.isSameAs(input.stats)) return output;
  await output.forget();
  throw new UsageError("--output must be another file than --input");
}

function cannot(what: string, path: string, error: unknown): UsageError {
  const why = error instanceof Error ? error.message : String(error);
  return new UsageError(`Cannot ${what} ${JSON.stringify(path)}: ${why}`);
}
