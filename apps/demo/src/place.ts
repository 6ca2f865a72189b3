/** Where the demo's buffer lives. */

import { existsSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DEFAULT_TRANSPORT, type DemoOptions, UsageError } from "./args.js";
import { temporaryFolder } from "./temporary-folder.js";
import type { Adapter } from "./transports.js";

const OURS = "sluice-demo-";

export interface Place {
  readonly path: string;
  /** Removes what was made for the buffer, once the buffer itself is gone. */
  tidy(): void;
  /** Removes the socket of a broker that has been killed, and the lock beside it. */
  sweep(): void;
}

/** The user's path, or a new one in the folder. @throws UsageError where there is no folder to make it in. */
export function placeFor(given: string | undefined, folder: string): Place {
  if (given !== undefined) {
    const path = resolve(given);
    if (!existsSync(dirname(path)))
      throw new UsageError(`--path ${JSON.stringify(given)} cannot be used: its folder is not there`);
    // The folder of a demo that was killed, whose buffer is taken up.
    const isOurs = dirname(dirname(path)) === folder && basename(dirname(path)).startsWith(OURS);
    return { path, tidy: () => (isOurs ? tidy(path) : undefined), sweep: () => sweep(path) };
  }
  const path = join(temporaryFolder(OURS, folder), "buffer");
  return { path, tidy: () => tidy(path), sweep: () => sweep(path) };
}

/** Whether it is in a server that was there before. */
export function isAtServer({ url }: DemoOptions, { startServer }: Adapter): boolean {
  return url !== undefined && startServer !== undefined;
}

/** Whether the buffer is still there when the demo has ended, if it is to stay. */
export function outlivesDemo(options: DemoOptions, adapter: Adapter): boolean {
  return adapter.outlives || options.journal !== undefined || isAtServer(options, adapter);
}

/** The option that names what is left of a buffer. */
export function placeOption({ url, journal }: DemoOptions): "--journal" | "--url" | "--path" {
  if (journal !== undefined) return "--journal";
  return url === undefined ? "--path" : "--url";
}

/** A url, or several with commas between them, as it may be printed: without users and passwords. */
export function withoutSecrets(url: string): string {
  return url.replaceAll(/\/\/[^/?#]*@/g, "//");
}

/**
 * Where the buffer is, and how to go on with it if the demo is killed.
 *
 * @param path - of what is left then; without one it is in a server, whose url may have a password in it.
 */
export function placeText(path: string | undefined, options: DemoOptions): string {
  const { transport, input } = options;
  // Which of its lines were put nobody would know.
  if (input !== undefined) return path === undefined ? "It is in its server" : `It is at ${shellWord(path)}`;
  const named = transport === DEFAULT_TRANSPORT ? "" : `--transport ${transport} `;
  const place =
    path === undefined ? `and this ${placeOption(options)}` : `${placeOption(options)} ${shellWord(path)}`;
  return `If the demo is killed, go on with ${named}--resume ${place}`;
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function tidy(path: string): void {
  try {
    rmdirSync(dirname(path));
  } catch {
    // Something else was put there, which is not ours to remove.
  }
}

function sweep(path: string): void {
  for (const left of [path, `${path}.lock`]) rmSync(left, { force: true });
}
