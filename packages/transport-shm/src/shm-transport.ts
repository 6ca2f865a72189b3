/** The factory, its options, and the address that lets others open what it made. */

import { basename, dirname, join, resolve } from "node:path";
import {
  type BufferAddress,
  type BufferPort,
  type BufferTransport,
  checkOptions,
  countFrom,
  INTERFACE_VERSION,
  outOfRange,
  type TransportCapabilities,
  wrongType,
} from "@sluice/core";
import { removePlace } from "./aside.js";
import { createRegion } from "./create-region.js";
import { joinBuffer } from "./join-buffer.js";
import type { Place } from "./place.js";
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

const NAME = "shm";
const NAME_FORM = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;
const SHARED_MEMORY = "/dev/shm";
const LOCK_WAIT_MS_DEFAULT = 100;
const LOCK_WAIT_MS_MAX = 60_000;
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
    create: async (spec, wishes) => addressOf(place, await createRegion(place, spec, wishes)),
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

async function open(place: Place, wantedId?: string): Promise<BufferPort> {
  const { id, shared, participants } = await joinBuffer(place, wantedId);
  return new ShmBuffer({
    shared,
    participants,
    capabilities: CAPABILITIES,
    address: addressOf(place, id),
    remove: () => removePlace(place.path, id),
  });
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
