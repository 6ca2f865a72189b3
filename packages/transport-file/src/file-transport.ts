/** The factory, its options, and the ways in: create and open. What happens in the directory is `@sluice/file-store`'s. */

import { dirname, resolve } from "node:path";
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
import {
  createStore,
  type Durability,
  findStore,
  isStoreId,
  LOCK_NAMES,
  LOCK_WAIT_MS_DEFAULT,
  type LockName,
} from "@sluice/file-store";

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

const NAME = "file";
const LOCK_WAIT_MS_MAX = 60_000;
const PATH_BYTES_MAX = 4_000;

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
    name: NAME,
    module: new URL("./index.js", import.meta.url).href,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilities("fsync"),
    create: (spec, wishes) => create(path, lock ?? "proper-lockfile", spec, wishes),
    open: async (address) => {
      const place = address === undefined ? undefined : readPlace(address);
      return open(place === undefined ? path : checkPath(place.path), lock, lockWaitMs, place?.id);
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

async function create(
  path: string,
  lock: LockName,
  spec: BufferSpec,
  wishes: BufferWishes,
): Promise<BufferAddress> {
  try {
    const durability = wishes.durability ?? "fsync";
    const id = await createStore(path, NAME, { spec, durability, lock });
    return addressOf(path, id, { lock });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR")
      throw outOfRange("the parent of `path`", "a directory that exists", dirname(path));
    throw errno === "ENAMETOOLONG" ? tooLong(path) : error;
  }
}

async function open(
  path: string,
  lock: LockName | undefined,
  lockWaitMs: number,
  id?: string,
): Promise<BufferPort> {
  try {
    const found = findStore(path, NAME, id);
    if (lock !== undefined && lock !== found.lock) {
      const message = `The buffer at ${show(path)} was made with lock ${show(found.lock)}, not ${show(lock)}`;
      throw new BufferError("SETTINGS_MISMATCH", message, { transport: NAME });
    }
    return await found.open({
      lockWaitMs,
      capabilities: capabilities(found.durability),
      address: addressOf(path, found.id, { lock: found.lock, lockWaitMs }),
    });
  } catch (error) {
    throw errnoOf(error) === "ENAMETOOLONG" ? tooLong(path) : error;
  }
}

// With the lock's strategy, so that who makes a buffer there again makes the same.
function addressOf(path: string, id: string, options: Omit<FileTransportOptions, "path">): BufferAddress {
  const place = { path, id, ...options };
  return { module: new URL("./index.js", import.meta.url).href, transport: NAME, place };
}

function readPlace({ place }: BufferAddress): FileTransportOptions & { readonly id: string } {
  const { path, id, lock, lockWaitMs } = (place ?? {}) as { [key: string]: unknown };
  if (typeof path !== "string" || typeof id !== "string" || !isStoreId(id)) {
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

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
