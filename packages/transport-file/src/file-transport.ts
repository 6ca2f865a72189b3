/** The factory, its options, and the ways in: create and open. */

import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
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
  outOfRange,
  show,
  type TransportCapabilities,
  wrongType,
} from "@sluice/core";
import { type BufferHeader, type Durability, readHeader } from "./buffer-header.js";
import { BufferState } from "./buffer-state.js";
import { FileBuffer, removeBuffer } from "./file-buffer.js";
import {
  DIRECTORY_MODE,
  idOfRoot,
  isRootName,
  Layout,
  newBufferId,
  newHandleId,
  rootName,
  segmentName,
} from "./layout.js";
import { findRoot, isMissing, notABuffer, notFound, refuseRemote, removeLeftovers } from "./place.js";
import { ownIdentity } from "./process-identity.js";
import { createRecordFile } from "./record-file.js";
import type { SegmentHead } from "./segment.js";
import { setSpaceAside } from "./set-aside.js";
import { syncDirectory, syncNow } from "./shared-sync.js";
import { takeSnapshot } from "./state-snapshot.js";
import { errnoOf, storageError } from "./storage-error.js";

export interface FileTransportOptions {
  /**
   * Directory that holds the buffer, or will. Its parent must exist; it must not, or be empty. Relative to the working
   * directory of the process. On a local file system: network file systems are refused.
   */
  readonly path: string;
  /**
   * How long a call whose commits keep colliding waits for its turn, in milliseconds from 0 to 60,000, before it goes on
   * without. Also what a holder that was killed in its turn costs the others. Default 100.
   */
  readonly lockWaitMs?: number;
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
  checkOptions("the options of fileTransport", options, ["path", "lockWaitMs"]);
  const path = checkPath(options.path);
  const lockWaitMs = countFrom(
    0,
    "`lockWaitMs`",
    options.lockWaitMs ?? LOCK_WAIT_MS_DEFAULT,
    LOCK_WAIT_MS_MAX,
  );
  return {
    name: "file",
    module: new URL("./index.js", import.meta.url).href,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilities("fsync"),
    create: async (spec, wishes) => createFiles(path, spec, wishes),
    open: async (address) => {
      const place = address === undefined ? undefined : readPlace(address);
      return openFiles(place === undefined ? path : checkPath(place.path), lockWaitMs, place?.id);
    },
  };
}

/** Makes the transport for an address that came from another process. */
export function transportAt(address: BufferAddress): BufferTransport {
  const { path, lockWaitMs } = readPlace(address);
  return fileTransport({ path, ...(lockWaitMs === undefined ? {} : { lockWaitMs }) });
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
function createFiles(path: string, spec: BufferSpec, wishes: BufferWishes): BufferAddress {
  const id = newBufferId();
  const durability = wishes.durability ?? "fsync";
  // A name that fits wherever the buffer's own does, or is too long as well.
  const aside = join(dirname(path), `.${basename(path).slice(0, ASIDE_CHARACTERS_MAX)}.${newHandleId()}`);
  const sync = durability === "fsync" ? fsyncSync : () => {};
  try {
    clearPlace(path);
    refuseRemote(dirname(path));
    mkdirSync(aside, { mode: DIRECTORY_MODE });
    const layout = new Layout(aside, id);
    const segment = join(layout.root, segmentName(0));
    for (const directory of [layout.root, segment, layout.own, layout.spare, layout.waiting]) {
      mkdirSync(directory, { mode: DIRECTORY_MODE });
    }
    const header: BufferHeader = { kind: "header", id, spec, durability, lock: "proper-lockfile" };
    const state = takeSnapshot(new BufferState(spec));
    const head: SegmentHead = { kind: "state", id, base: 0, boot: ownIdentity().boot, previous: "", state };
    for (const [file, content] of [
      [layout.header, header],
      [join(segment, "state"), head],
    ] as const) {
      const fd = createRecordFile(file, content);
      sync(fd);
      closeSync(fd);
    }
    linkSync(join(segment, "state"), join(segment, "live"));
    setSpaceAside(layout.spare, spec, sync);
    if (durability === "fsync") {
      for (const directory of [segment, layout.root, aside]) syncDirectory(directory);
      moveDurably(aside, path);
    } else moveIntoPlace(aside, path);
  } catch (error) {
    // Below a file there is nothing to be removed, not even by force.
    if (errnoOf(error) !== "ENOTDIR") rmSync(aside, { recursive: true, force: true });
    if (isMissing(error)) throw outOfRange("the parent of `path`", "a directory that exists", dirname(path));
    if (errnoOf(error) === "ENAMETOOLONG") throw tooLong(path);
    throw storageError(error, `Creating a buffer at ${show(path)}`);
  }
  return addressOf(path, id);
}

// Once it is there others may open it: what can be refused is refused before, and what fails then leaves it there.
function moveDurably(aside: string, path: string): void {
  const parent = openSync(dirname(path), "r");
  try {
    moveIntoPlace(aside, path);
    syncNow(parent, "unknown");
  } finally {
    closeSync(parent);
  }
}

function moveIntoPlace(aside: string, path: string): void {
  for (;;) {
    try {
      renameSync(aside, path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTDIR") throw notABuffer(path, "is not a directory");
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    clearPlace(path);
  }
}

// If there is something, that is the end of it, unless it is what a destroyed buffer left behind.
function clearPlace(path: string): void {
  const root = findRoot(path);
  if (root === undefined) {
    removeLeftovers(path);
    return;
  }
  const layout = new Layout(path, idOfRoot(root));
  if (openLayout(path, layout, LOCK_WAIT_MS_DEFAULT)?.start() === true) {
    const message = `There is a buffer at ${show(path)} already`;
    throw new BufferError("BUFFER_EXISTS", message, { transport: "file" });
  }
  removeBuffer(layout);
}

function openFiles(path: string, lockWaitMs: number, id?: string): BufferPort {
  try {
    const root = findRoot(path);
    if (root === undefined || (id !== undefined && root !== rootName(id))) throw notFound(path);
    refuseRemote(path);
    const buffer = openLayout(path, new Layout(path, idOfRoot(root)), lockWaitMs);
    if (buffer?.start() !== true) throw notFound(path);
    return buffer;
  } catch (error) {
    if (isMissing(error)) throw notFound(path);
    if (errnoOf(error) === "ENAMETOOLONG") throw tooLong(path);
    throw storageError(error, `Opening the buffer at ${show(path)}`);
  }
}

/** Undefined if it is being removed at this instant. */
function openLayout(path: string, layout: Layout, lockWaitMs: number): FileBuffer | undefined {
  const header = readHeader(layout.header, idOfRoot(basename(layout.root)));
  if (header === undefined) {
    if (existsSync(layout.root)) throw notABuffer(path, "has no header");
    return undefined;
  }
  return new FileBuffer({
    layout,
    spec: header.spec,
    capabilities: capabilities(header.durability),
    address: addressOf(path, header.id, lockWaitMs),
    durable: header.durability === "fsync",
    lockWaitMs,
  });
}

function addressOf(path: string, id: string, lockWaitMs?: number): BufferAddress {
  const place = lockWaitMs === undefined ? { path, id } : { path, id, lockWaitMs };
  return { module: new URL("./index.js", import.meta.url).href, transport: "file", place };
}

function readPlace({ place }: BufferAddress): { path: string; id: string; lockWaitMs?: number } {
  const { path, id, lockWaitMs } = (place ?? {}) as { [key: string]: unknown };
  if (typeof path !== "string" || typeof id !== "string" || !isRootName(rootName(id))) {
    throw wrongType("the place of a file buffer's address", "a path and an id", place);
  }
  return { path, id, ...(typeof lockWaitMs === "number" ? { lockWaitMs } : {}) };
}

function checkPath(path: unknown): string {
  if (typeof path !== "string") throw wrongType("`path`", "a string", path);
  if (path === "" || path.includes("\0") || Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw outOfRange("`path`", `1 to ${PATH_BYTES_MAX} bytes without NUL`, path);
  }
  return resolve(path);
}

function tooLong(path: string): RangeError {
  return outOfRange("`path`", "short enough for the file system", path);
}
