/** The factory, its options, and the ways in: create and open. */

import { closeSync, constants, mkdirSync, openSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type BufferAddress,
  type BufferPort,
  type BufferSpec,
  type BufferTransport,
  type BufferWishes,
  checkOptions,
  countFrom,
  INTERFACE_VERSION,
  isBufferError,
  outOfRange,
  show,
  type TransportCapabilities,
  wrongType,
} from "@sluice/core";
import { bootId, loadNativePort, type NativePort } from "@sluice/native-port";
import { Participants, type Registration } from "./participants.js";
import {
  asideOf,
  asides,
  DIRECTORY_MODE,
  errnoOf,
  FILE_MODE,
  fault,
  findRoot,
  idOfRoot,
  makeDirectory,
  newBufferId,
  notABuffer,
  refuseRemote,
  rootName,
} from "./place.js";
import { mapRegion, type Region, type RegionHeader, readHeader, writeRegion } from "./region.js";
import { Word } from "./region-layout.js";
import { SharedBuffer } from "./shared-buffer.js";
import { ShmBuffer } from "./shm-buffer.js";

export interface ShmTransportOptions {
  /**
   * Names the buffer on this host, among those of this user: 1 to 100 letters, digits, `.`, `_` and `-`, not beginning with
   * `.`.
   */
  readonly name: string;
  /**
   * Directory that holds the buffer's own, which is named like the buffer. It must exist, belong to this user, and lie on a
   * file system in memory if it is to be fast. Default: one of this user's own in `/dev/shm`.
   */
  readonly directory?: string;
  /**
   * How long a call waits for a lock that a stopped process holds, in milliseconds from 0 to 60,000, before it rejects
   * `BUFFER_BUSY`. Default 100.
   */
  readonly lockWaitMs?: number;
}

interface Place {
  readonly path: string;
  readonly isDefault: boolean;
  readonly lockWaitMs: number;
}

const NAME = "shm";
const NAME_FORM = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;
const SHARED_MEMORY = "/dev/shm";
const LOCK_WAIT_MS_DEFAULT = 100;
const LOCK_WAIT_MS_MAX = 60_000;
const PARENT_WAIT_MS = 1_000;
const MODULE = new URL("./index.js", import.meta.url).href;

const CAPABILITIES: TransportCapabilities = Object.freeze<TransportCapabilities>({
  reach: "host",
  survives: Object.freeze(["participant"] as const),
  // A take between a put's look at the room and its commit makes the number recorded larger than what was inside.
  peak: "upper-bound",
  returned: "in-place",
  fencing: "authority",
  deadLetter: "atomic",
  release: "free",
  putOutcome: "known",
  retryWindowMs: "unbounded",
});

/**
 * A bounded buffer in memory that the processes of one user on one host share. It outlives any of them, and ends with the
 * machine's boot.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function shmTransport(options: ShmTransportOptions): BufferTransport {
  if (options === undefined) throw wrongType("the options of shmTransport", "an object with a name", options);
  checkOptions("the options of shmTransport", options, ["name", "directory", "lockWaitMs"]);
  const place = placeOf(options);
  return {
    name: NAME,
    module: MODULE,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: CAPABILITIES,
    create: (spec, wishes) => create(place, spec, wishes),
    open: async (address) => {
      if (address === undefined) return open(place);
      const { options: own, id } = readAddress(address);
      return open({ ...placeOf(own), lockWaitMs: place.lockWaitMs }, id);
    },
  };
}

/** Makes the transport for an address that came from another process. */
export function transportAt(address: BufferAddress): BufferTransport {
  return shmTransport(readAddress(address).options);
}

function placeOf({ name, directory, lockWaitMs = LOCK_WAIT_MS_DEFAULT }: ShmTransportOptions): Place {
  if (typeof name !== "string") throw wrongType("`name`", "a string", name);
  if (!NAME_FORM.test(name))
    throw outOfRange("`name`", "1 to 100 letters, digits, `.`, `_` and `-`, not beginning with `.`", name);
  if (directory !== undefined && typeof directory !== "string")
    throw wrongType("`directory`", "a string", directory);
  if (directory === "" || directory?.includes("\0"))
    throw outOfRange("`directory`", "a path without NUL", directory);
  countFrom(0, "`lockWaitMs`", lockWaitMs, LOCK_WAIT_MS_MAX);
  const parent = directory ?? join(SHARED_MEMORY, `sluice-${process.getuid?.() ?? "user"}`);
  return { path: join(resolve(parent), name), isDefault: directory === undefined, lockWaitMs };
}

async function create(place: Place, spec: BufferSpec, wishes: BufferWishes): Promise<BufferAddress> {
  const { path } = place;
  if (wishes.durability === "fsync") {
    throw fault(
      "CAPABILITY_MISSING",
      'Shared memory ends with the boot: `durability: "fsync"` cannot be had',
    );
  }
  const native = await nativePort();
  const id = newBufferId();
  const aside = asideOf(path);
  const header: RegionHeader = { id, boot: bootId(), spec };
  try {
    if (place.isDefault) makeDirectory(dirname(path));
    refuseRemote(dirname(path));
    clearPlace(native, path);
    sweepAside(native, path);
    const release = await lockParent(native, path);
    try {
      const root = join(aside, rootName(id));
      mkdirSync(aside, { mode: DIRECTORY_MODE });
      mkdirSync(root, { mode: DIRECTORY_MODE });
      closeSync(openSync(join(root, "door"), "wx", FILE_MODE));
      const fd = openSync(join(root, "region"), "wx+", FILE_MODE);
      try {
        writeRegion(fd, header);
      } finally {
        closeSync(fd);
      }
      moveIntoPlace(native, aside, path);
    } finally {
      release();
    }
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw systemError(error, `Creating a buffer at ${show(path)}`, path);
  }
  return addressOf(place, id);
}

function moveIntoPlace(native: NativePort, aside: string, path: string): void {
  for (;;) {
    try {
      renameSync(aside, path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOTDIR") throw notABuffer(path, "is not a directory");
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    clearPlace(native, path);
  }
}

// If there is a buffer, that is the end of it, unless it has been destroyed or the machine was started again.
function clearPlace(native: NativePort, path: string): void {
  const root = findRoot(path);
  if (root === undefined) return;
  const found = openRegion(native, root);
  if (found !== undefined && !isOver(found))
    throw fault("BUFFER_EXISTS", `There is a buffer at ${show(path)} already`);
  removePlace(path, idOfRoot(root));
}

interface Found {
  readonly header: RegionHeader;
  readonly region: Region;
}

function isOver({ header, region }: Found): boolean {
  const here = bootId();
  return (here !== "" && header.boot !== here) || Atomics.load(region.words, Word.destroyed) !== 0;
}

/** Undefined if it is being removed at this instant. */
function openRegion(native: NativePort, root: string): Found | undefined {
  const path = join(root, "region");
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const header = readHeader(fd, path);
    if (header.id !== idOfRoot(root)) throw fault("DATA_CORRUPT", `${path} is the region of another buffer`);
    return { header, region: mapRegion(native, fd, header.spec) };
  } finally {
    closeSync(fd);
  }
}

async function open(place: Place, id?: string): Promise<BufferPort> {
  const { path } = place;
  const native = await nativePort();
  try {
    const root = findRoot(path);
    if (root === undefined || (id !== undefined && idOfRoot(root) !== id)) throw notFound(path);
    refuseRemote(dirname(path));
    const found = openRegion(native, root);
    if (found === undefined || isOver(found)) throw notFound(path);
    const { region, header } = found;
    const participants = new Participants(native, region, root);
    const registration = await joinThroughDoor(native, participants, join(root, "door"), place.lockWaitMs);
    sweepAside(native, path);
    const { lockWaitMs } = place;
    const shared = new SharedBuffer({
      region,
      spec: header.spec,
      participants,
      registration,
      lockWaitMs,
      path,
    });
    return new ShmBuffer({
      shared,
      participants,
      capabilities: CAPABILITIES,
      address: addressOf(place, header.id),
      remove: () => removePlace(path, header.id),
    });
  } catch (error) {
    throw systemError(error, `Opening the buffer at ${show(path)}`, path);
  }
}

// One at a time: whoever takes a place must not meet another who takes the same.
async function joinThroughDoor(
  native: NativePort,
  participants: Participants,
  door: string,
  lockWaitMs: number,
): Promise<Registration> {
  const fd = openSync(door, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const end = performance.now() + lockWaitMs;
    while (!native.flock(fd, "exclusive")) {
      if (performance.now() >= end)
        throw fault("BUFFER_BUSY", `Somebody has been opening ${show(door)} for ${lockWaitMs} ms`);
      await sleep(1);
    }
    return participants.join();
  } finally {
    closeSync(fd);
  }
}

// Renamed first: it is gone at one instant. Another one may be there already, which is not ours.
function removePlace(path: string, id: string): void {
  const aside = asideOf(path);
  try {
    mkdirSync(aside, { mode: DIRECTORY_MODE });
    renameSync(join(path, rootName(id)), join(aside, rootName(id)));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  rmSync(aside, { recursive: true, force: true });
  try {
    // Only if it is empty.
    rmdirSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
  }
}

/** While anybody makes a buffer in this directory, nobody sweeps it. Returns what gives the lock back. */
async function lockParent(native: NativePort, path: string): Promise<() => void> {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const end = performance.now() + PARENT_WAIT_MS;
  while (!native.flock(fd, "shared")) {
    if (performance.now() >= end) {
      closeSync(fd);
      throw fault("BUFFER_BUSY", `Somebody holds the lock of ${show(dirname(path))}`);
    }
    await sleep(1);
  }
  return () => closeSync(fd);
}

// What the dead were making or removing.
function sweepAside(native: NativePort, path: string): void {
  const left = asides(path);
  if (left.length === 0) return;
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (!native.flock(fd, "exclusive")) return;
    for (const aside of left) rmSync(aside, { recursive: true, force: true });
  } finally {
    closeSync(fd);
  }
}

async function nativePort(): Promise<NativePort> {
  if (process.platform === "linux") return loadNativePort();
  throw fault(
    "CAPABILITY_MISSING",
    `Shared memory has been tried on Linux only, this is ${process.platform}: use transport-file`,
  );
}

function addressOf({ path, isDefault, lockWaitMs }: Place, id: string): BufferAddress {
  const directory = isDefault ? {} : { directory: dirname(path) };
  return { module: MODULE, transport: NAME, place: { name: basename(path), ...directory, lockWaitMs, id } };
}

function readAddress({ place }: BufferAddress): {
  readonly options: ShmTransportOptions;
  readonly id: string;
} {
  const { name, directory, lockWaitMs, id } = (place ?? {}) as { [key: string]: unknown };
  const isOne =
    typeof name === "string" &&
    typeof id === "string" &&
    (directory === undefined || typeof directory === "string") &&
    (lockWaitMs === undefined || typeof lockWaitMs === "number");
  if (!isOne) throw wrongType("the place of an address in shared memory", "a name and an id", place);
  return {
    id,
    options: {
      name,
      ...(directory === undefined ? {} : { directory }),
      ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
    },
  };
}

function notFound(path: string): Error {
  return fault("BUFFER_NOT_FOUND", `There is no buffer at ${show(path)}`);
}

/** Wraps once: what is a fault of Sluice already passes as it is. */
function systemError(error: unknown, doing: string, path: string): unknown {
  if (isBufferError(error)) return error;
  const errno = errnoOf(error);
  const told = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    if (doing.startsWith("Opening")) return notFound(path);
    return outOfRange("the directory of the buffer", "one that exists", dirname(path));
  }
  if (errno === "ENOSPC" || errno === "EDQUOT" || errno === "ENOMEM")
    return fault("STORAGE_FULL", told, error);
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS")
    return fault("PERMISSION_DENIED", told, error);
  return fault("STORAGE_FAILED", told, error);
}
