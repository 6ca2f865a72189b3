/** What the values of options may be: checked before anything is made. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** One line for the user, who asked for something that cannot be done: exit code 2. */
export class UsageError extends Error {}

export const namesOf = (all: readonly { readonly name: string }[]): string =>
  all.map(({ name }) => name).join(", ");

export function named<T extends { readonly name: string }>(
  option: string,
  name: string,
  all: readonly T[],
): T {
  const found = all.find((known) => known.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`--${option} must be one of ${namesOf(all)}, got ${quoted(name)}`);
}

/** Several, each once; undefined if there are none. */
export function counts(
  name: string,
  lists: readonly string[] | undefined,
  min: number,
  max: number,
): number[] | undefined {
  const values = lists
    ?.flatMap((list) => list.split(","))
    .map((text) => count(name, text, min, max) as number);
  return values && [...new Set(values)];
}

export function count(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be an integer from ${min} to ${max}, got ${quoted(text)}`);
}

/** Looked at now: after minutes of measuring it would be a pity. */
export function outputFile(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const full = filePath(name, path);
  if (statSync(full, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--${name} needs the path of a file, and ${quoted(path)} is a directory`);
  }
  if (!statSync(dirname(full), { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--${name} needs a directory that exists, and ${quoted(dirname(path))} does not`);
  }
  return full;
}

/** What `read` makes of the file. */
export function inputFile<T>(
  name: string,
  path: string | undefined,
  read: (path: string) => T,
): T | undefined {
  if (path === undefined) return undefined;
  try {
    return read(filePath(name, path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw new UsageError(`--${name} cannot be read from ${quoted(path)}: ${why.replaceAll(/\s+/g, " ")}`);
  }
}

function filePath(name: string, path: string): string {
  if (path === "" || path.includes("\0"))
    throw new UsageError(`--${name} needs the path of a file, got ${quoted(path)}`);
  return resolve(path);
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text);
}
