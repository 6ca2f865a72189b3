/**
 * Names on the file system. Everything of a buffer stands below a directory with its random id: a participant of one that was
 * destroyed meets nothing of a later one at the same place.
 *
 *     <directory>/                0700, made if it is the default one
 *       <name>/                   0700
 *         buffer.<id>/            0700
 *           region                0600, mapped by everyone
 *           door                  0600, locked by whoever takes a place
 *           bell.<place>.<n>      0600, a FIFO for each open handle
 *       .<name>.<random>          what is being made or removed
 */

import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, type Stats } from "node:fs";
import { basename, join } from "node:path";
import { show } from "@sluice/core";
import { remoteFileSystem } from "@sluice/native-port";
import { errnoOf, fault, notABuffer } from "./faults.js";

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

const ROOT_NAME = /^buffer\.[0-9a-f]{32}$/;

/** Where a buffer is, or is to be, and how it is worked on from here. */
export interface Place {
  readonly path: string;
  readonly isDefault: boolean;
  readonly lockWaitMs: number;
}

export function newBufferId(): string {
  return randomBytes(16).toString("hex");
}

export function rootName(id: string): string {
  return `buffer.${id}`;
}

export function idOfRoot(root: string): string {
  return basename(root).slice("buffer.".length);
}

/**
 * The directory of the buffer at a place; undefined where there is nothing. Touches nothing.
 *
 * @throws BufferError `NOT_A_BUFFER`, `PERMISSION_DENIED`.
 */
export function findRoot(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) throw notABuffer(path, "is a symbolic link, which is not followed");
  if (!stat.isDirectory()) throw notABuffer(path, "is not a directory");
  checkOwner(path, stat);
  const names = readdirSync(path);
  const other = names.find((name) => !ROOT_NAME.test(name)) ?? names[1];
  if (other !== undefined) throw notABuffer(path, `holds ${show(other)}`);
  return names[0] === undefined ? undefined : join(path, names[0]);
}

/** Makes the default directory, which belongs to one user; any other must be there. */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  const stat = lstatSync(directory);
  if (!stat.isDirectory()) throw notABuffer(directory, "is not a directory");
  checkOwner(directory, stat);
}

/** @throws BufferError `CAPABILITY_MISSING` where another machine may have the directory mounted too. */
export function refuseRemote(directory: string): void {
  const name = remoteFileSystem(directory);
  if (name === undefined) return;
  throw fault("CAPABILITY_MISSING", `${show(directory)} lies on ${name}; memory is shared on one host only`);
}

function checkOwner(path: string, stat: Stats): void {
  const uid = process.getuid?.();
  if (uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0)) return;
  const mode = (stat.mode & 0o777).toString(8);
  const message = `${show(path)} must belong to user ${uid} with mode 700; it belongs to ${stat.uid} with mode ${mode}`;
  throw fault("PERMISSION_DENIED", message);
}
