/** The factory, its options, and the ways in: create and open. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  type BufferAddress,
  BufferError,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  type BufferWishes,
  checkOptions,
  countFrom,
  INTERFACE_VERSION,
  type MaybePromise,
  outOfRange,
  show,
  type TransportCapabilities,
  wrongType,
} from "@sluice/core";
import { type BufferHeader, type Durability, readHeader } from "./buffer-header.js";
import { FileBuffer, removeBuffer } from "./file-buffer.js";
import {
  DIRECTORY_MODE,
  idOfRoot,
  isRootName,
  Layout,
  newBufferId,
  newHandleId,
  rootName,
} from "./layout.js";
import { LOCK_NAMES, type LockName, type LockStrategy, lockStrategy } from "./lock-strategy.js";
import type { Commits } from "./log.js";
import { findRoot, isMissing, notABuffer, notFound, refuseRemote, removeLeftovers } from "./place.js";
import { flawError } from "./record.js";
import { createRecordFile } from "./record-file.js";
import { syncDirectory, syncNow } from "./shared-sync.js";
import { errnoOf, storageError } from "./storage-error.js";

export interface FileTransportOptions {
  /**
   * Directory that holds the buffer, or will. Its parent must exist; it must not, or be empty. Relative to the working
   * directory of the process. On a local file system: network file systems are refused.
   */
  readonly path: string;
  /**
   * How long a call waits for the lock, in milliseconds from 0 to 60,000. With `proper-lockfile` it then goes on without, so
   * this is also what a holder that was killed in its turn costs the others; with `flock` it rejects `BUFFER_BUSY`.
   * Default 100.
   */
  readonly lockWaitMs?: number;
  /**
   * How processes keep out of each other's way. Set by who creates the buffer; who opens it may leave it out, and is refused
   * if it says something else.
   *
   * - `proper-lockfile`, the default: no call ever waits for a process that is stopped. Nothing to install.
   * - `flock`: faster, by a lock that the kernel keeps: nobody can commit while a process that is in the middle of a commit is stopped.
   *   Needs the package `koffi`.
   */
  readonly lock?: LockName;
}

const LOCK_WAIT_MS_DEFAULT = 100;
const LOCK_WAIT_MS_MAX = 60_000;
const PATH_BYTES_MAX = 4_000;
const ASIDE_CHARACTERS_MAX = 50;

/**
 * A bounded buffer in a directory: durable, for any number of processes of one host, safe when any of them is killed.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function fileTransport(options: FileTransportOptions): BufferTransport {
  if (options === undefined)
    throw wrongType("the options of fileTransport", "an object with a path", options);
  checkOptions("the options of fileTransport", options, ["path", "lockWaitMs", "lock"]);
  const path = checkPath(options.path);
  const lockWaitMs = countFrom(
    0,
    "`lockWaitMs`",
    options.lockWaitMs ?? LOCK_WAIT_MS_DEFAULT,
    LOCK_WAIT_MS_MAX,
  );
  const lock = options.lock === undefined ? undefined : checkLock(options.lock);
  return {
    name: "file",
    module: new URL("./index.js", import.meta.url).href,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilities("fsync"),
    create: async (spec, wishes) => createFiles(path, lock ?? "proper-lockfile", spec, wishes),
    open: async (address) => {
      const place = address === undefined ? undefined : readPlace(address);
      return openFiles(place === undefined ? path : checkPath(place.path), lock, lockWaitMs, place?.id);
    },
  };
}

/** Makes the transport for an address that came from another process. */
export function transportAt(address: BufferAddress): BufferTransport {
  const { id: _, ...options } = readPlace(address);
  return fileTransport(options);
}

function capabilities(durability: Durability): TransportCapabilities {
  return Object.freeze<TransportCapabilities>({
    reach: "host",
    survives: durability === "fsync" ? ["participant", "power-loss"] : ["participant"],
    peak: "exact",
    returned: "in-place",
    fencing: "authority",
    deadLetter: "atomic",
    release: "free",
    putOutcome: "known",
    retryWindowMs: "unbounded",
  });
}

// Everything is made beside the place and renamed into it: whoever dies in the middle leaves nothing that opens.
async function createFiles(
  path: string,
  lock: LockName,
  spec: BufferSpec,
  wishes: BufferWishes,
): Promise<BufferAddress> {
  const id = newBufferId();
  const durability = wishes.durability ?? "fsync";
  // A name that fits wherever the buffer's own does, or is too long as well.
  const aside = join(dirname(path), `.${basename(path).slice(0, ASIDE_CHARACTERS_MAX)}.${newHandleId()}`);
  const sync = durability === "fsync" ? fsyncSync : () => {};
  try {
    const asked = lockStrategy(lock);
    const strategy = asked instanceof Promise ? await asked : asked;
    const clearing = clearPlace(path);
    if (clearing !== undefined) await clearing;
    refuseRemote(dirname(path));
    mkdirSync(aside, { mode: DIRECTORY_MODE });
    const layout = new Layout(aside, id);
    mkdirSync(layout.root, { mode: DIRECTORY_MODE });
    const header: BufferHeader = { kind: "header", id, spec, durability, lock };
    const fd = createRecordFile(layout.header, header);
    sync(fd);
    closeSync(fd);
    const directories = strategy.createFiles(layout, spec, sync);
    if (durability === "fsync") {
      for (const directory of [...directories, layout.root, aside]) syncDirectory(directory);
      await moveDurably(aside, path);
    } else await moveIntoPlace(aside, path);
  } catch (error) {
    // Below a file there is nothing to be removed, not even by force.
    if (errnoOf(error) !== "ENOTDIR") rmSync(aside, { recursive: true, force: true });
    if (isMissing(error)) throw outOfRange("the parent of `path`", "a directory that exists", dirname(path));
    if (errnoOf(error) === "ENAMETOOLONG") throw tooLong(path);
    throw storageError(error, `Creating a buffer at ${show(path)}`);
  }
  return addressOf(path, id, { lock });
}

// Once it is there others may open it: what can be refused is refused before, and what fails then leaves it there.
async function moveDurably(aside: string, path: string): Promise<void> {
  const parent = openSync(dirname(path), "r");
  try {
    await moveIntoPlace(aside, path);
    syncNow(parent, "unknown");
  } finally {
    closeSync(parent);
  }
}

async function moveIntoPlace(aside: string, path: string): Promise<void> {
  for (;;) {
    try {
      renameSync(aside, path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTDIR") throw notABuffer(path, "is not a directory");
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    await clearPlace(path);
  }
}

// If there is something, that is the end of it, unless it is what a destroyed buffer left behind.
function clearPlace(path: string): Promise<void> | undefined {
  const root = findRoot(path);
  if (root !== undefined) return removeDestroyed(path, root);
  removeLeftovers(path);
  return undefined;
}

async function removeDestroyed(path: string, root: string): Promise<void> {
  const layout = new Layout(path, idOfRoot(root));
  const buffer = await openLayout(path, layout, undefined, LOCK_WAIT_MS_DEFAULT);
  const isThere = buffer?.start() === true;
  buffer?.giveUp();
  if (isThere) {
    const message = `There is a buffer at ${show(path)} already`;
    throw new BufferError("BUFFER_EXISTS", message, { transport: "file" });
  }
  removeBuffer(layout);
}

async function openFiles(
  path: string,
  lock: LockName | undefined,
  lockWaitMs: number,
  id?: string,
): Promise<BufferPort> {
  try {
    const root = findRoot(path);
    if (root === undefined || (id !== undefined && root !== rootName(id))) throw notFound(path);
    refuseRemote(path);
    const opening = openLayout(path, new Layout(path, idOfRoot(root)), lock, lockWaitMs);
    const buffer = opening instanceof Promise ? await opening : opening;
    if (buffer?.start() === true) return buffer;
    buffer?.giveUp();
    throw notFound(path);
  } catch (error) {
    if (isMissing(error)) throw notFound(path);
    if (errnoOf(error) === "ENAMETOOLONG") throw tooLong(path);
    throw storageError(error, `Opening the buffer at ${show(path)}`);
  }
}

/** Undefined if it is being removed at this instant. */
function openLayout(
  path: string,
  layout: Layout,
  lock: LockName | undefined,
  lockWaitMs: number,
): MaybePromise<FileBuffer | undefined> {
  const header = readHeader(layout.header, idOfRoot(basename(layout.root)));
  if (header === undefined) {
    if (existsSync(layout.root)) throw notABuffer(path, "has no header");
    return undefined;
  }
  if (lock !== undefined && lock !== header.lock) {
    const message = `The buffer at ${show(path)} was made with lock ${show(header.lock)}, not ${show(lock)}`;
    throw new BufferError("SETTINGS_MISMATCH", message, { transport: "file" });
  }
  const asked = lockStrategy(header.lock);
  const open = (strategy: LockStrategy) => openBuffer(path, layout, header, strategy, lockWaitMs);
  return asked instanceof Promise ? asked.then(open) : open(asked);
}

function openBuffer(
  path: string,
  layout: Layout,
  { id, spec, durability, lock }: BufferHeader,
  strategy: LockStrategy,
  lockWaitMs: number,
): FileBuffer | undefined {
  let commits: Commits;
  try {
    commits = strategy.open({ layout, spec, durable: durability === "fsync", lockWaitMs });
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (existsSync(layout.root)) throw flawError("torn", layout.lock);
    return undefined;
  }
  return new FileBuffer({
    layout,
    spec,
    capabilities: capabilities(durability),
    address: addressOf(path, id, { lock, lockWaitMs }),
    commits,
  });
}

// With the lock's strategy, so that who makes a buffer there again makes the same.
function addressOf(path: string, id: string, options: Omit<FileTransportOptions, "path">): BufferAddress {
  const place = { path, id, ...options };
  return { module: new URL("./index.js", import.meta.url).href, transport: "file", place };
}

function readPlace({ place }: BufferAddress): FileTransportOptions & { readonly id: string } {
  const { path, id, lock, lockWaitMs } = (place ?? {}) as { [key: string]: unknown };
  if (typeof path !== "string" || typeof id !== "string" || !isRootName(rootName(id))) {
    throw wrongType("the place of a file buffer's address", "a path and an id", place);
  }
  return {
    ...{ path, id },
    ...(typeof lockWaitMs === "number" ? { lockWaitMs } : {}),
    ...(lock === undefined ? {} : { lock: checkLock(lock) }),
  };
}

function checkPath(path: unknown): string {
  if (typeof path !== "string") throw wrongType("`path`", "a string", path);
  if (path === "" || path.includes("\0") || Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw outOfRange("`path`", `1 to ${PATH_BYTES_MAX} bytes without NUL`, path);
  }
  return resolve(path);
}

function checkLock(lock: unknown): LockName {
  const found = LOCK_NAMES.find((name) => name === lock);
  if (found === undefined) throw outOfRange("`lock`", LOCK_NAMES.map(show).join(" or "), lock);
  return found;
}

function tooLong(path: string): RangeError {
  return outOfRange("`path`", "short enough for the file system", path);
}
