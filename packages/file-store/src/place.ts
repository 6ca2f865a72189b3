/** The directory that a path names: what it holds, and whether a buffer may be there. Never adopts what is not ours. */

import { lstatSync, readdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { type BufferError, show } from "@sluice/core";
import { remoteFileSystem } from "@sluice/native-port";
import { errnoOf, type Faults } from "./faults.js";
import { isRemovedName, isRootName } from "./layout.js";

/**
 * Name of the buffer's directory; undefined where there is nothing, or only what a destroyed buffer left. Touches nothing.
 *
 * @throws BufferError `NOT_A_BUFFER`, `PERMISSION_DENIED`.
 */
export function findRoot(path: string, faults: Faults): string | undefined {
  const names = look(path, faults);
  if (names === undefined) return undefined;
  const roots = names.filter(isRootName);
  const other = names.find((name) => !isRootName(name) && !isRemovedName(name)) ?? roots[1];
  if (other !== undefined) throw notABuffer(path, faults, `holds ${show(other)}`);
  if (names.length > 0) checkOwner(path, lstatSync(path), faults);
  const [root] = roots;
  const stat = root === undefined ? undefined : lstatSync(join(path, root), { throwIfNoEntry: false });
  if (stat?.isDirectory() === false)
    throw notABuffer(path, faults, `holds ${show(root)}, which is not a directory`);
  return root;
}

/** Removes what a destroyed buffer left in a directory in which `findRoot` found nothing. */
export function removeLeftovers(path: string, faults: Faults): void {
  for (const name of look(path, faults) ?? []) {
    if (isRemovedName(name)) rmSync(join(path, name), { recursive: true, force: true });
  }
}

/** @throws BufferError `CAPABILITY_MISSING` where the path lies on a file system of another machine. */
export function refuseRemote(path: string, faults: Faults): void {
  const name = remoteFileSystem(path);
  if (name === undefined) return;
  const message = `${show(path)} lies on ${name}; a buffer needs a local file system`;
  throw faults.of("CAPABILITY_MISSING", message);
}

export function notFound(path: string, faults: Faults): BufferError {
  return faults.of("BUFFER_NOT_FOUND", `There is no buffer at ${show(path)}`);
}

export function notABuffer(path: string, faults: Faults, why: string): BufferError {
  return faults.of("NOT_A_BUFFER", `${show(path)} is not a buffer: it ${why}`);
}

/** Whether the error says that the path, or a directory on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR";
}

function look(path: string, faults: Faults): string[] | undefined {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) throw notABuffer(path, faults, "is a symbolic link, which is not followed");
    if (!stat.isDirectory()) throw notABuffer(path, faults, "is not a directory");
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function checkOwner(path: string, stat: Stats, faults: Faults): void {
  const uid = process.getuid?.();
  if (uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0)) return;
  const mode = (stat.mode & 0o777).toString(8);
  const message = `${show(path)} must belong to user ${uid} with mode 700; it belongs to ${stat.uid} with mode ${mode}`;
  throw faults.of("PERMISSION_DENIED", message);
}
