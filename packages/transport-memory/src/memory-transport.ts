/**
 * The factory: names a place in this process, and creates or opens the buffer that lives there.
 *
 * The smallest whole transport, and the tutorial for writing one. Read on in this order: `memory-buffer.ts` is the
 * authority, where every operation is one commit; `memory-port.ts` is a handle on it, and adds the waiting; `waiting-line.ts`
 * and `ready-list.ts` are what those two stand on. An adapter for another medium has the same four parts.
 */

import { randomUUID } from "node:crypto";
import { isMainThread, threadId } from "node:worker_threads";
import {
  type BufferAddress,
  BufferError,
  type BufferTransport,
  checkOptions,
  type ErrorCode,
  INTERFACE_VERSION,
  type TransportCapabilities,
  wrongType,
} from "@sluice/core";
import { MemoryBuffer } from "./memory-buffer.js";
import { openPort } from "./memory-port.js";

/** Of `memoryTransport`. */
export interface MemoryTransportOptions {
  /** Names the place: two transports of one name in one process are two ways to the same buffer. Default: a new place. */
  readonly name?: string;
}

const NAME = "memory";

// What is claimed here is claimed for every buffer; the contract suite exercises each line.
const CAPABILITIES: TransportCapabilities = Object.freeze({
  reach: "process",
  survives: Object.freeze([]),
  peak: "exact",
  returned: "in-place",
  fencing: "authority",
  deadLetter: "atomic",
  release: "free",
  putOutcome: "known",
  retryWindowMs: "unbounded",
});

// The medium. Whoever imports this module in this process sees the same places.
const places = new Map<string, MemoryBuffer>();
let placesNamed = 0;

/**
 * A buffer in the memory of this process. It ends with the process, and nobody else can open it.
 *
 * @throws TypeError `INVALID_ARGUMENT` for an option that is not known, or a name that is not a string of at least one
 * character.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): BufferTransport {
  checkOptions("the options of memoryTransport", options, ["name"]);
  const { name = `memory-${++placesNamed}` } = options;
  if (typeof name !== "string" || name === "")
    throw wrongType("`name`", "a string of at least one character", name);

  return {
    name: NAME,
    module: import.meta.url,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: CAPABILITIES,

    async create(spec, wishes) {
      // A wish is met or refused, never quietly dropped.
      if (wishes.durability === "fsync") {
        throw fault(
          "CAPABILITY_MISSING",
          'Memory outlives no process: `durability: "fsync"` cannot be had here',
        );
      }
      if (places.has(name))
        throw fault("BUFFER_EXISTS", `There is a buffer at ${JSON.stringify(name)} already`);
      // The id tells this buffer from a later one at the same place, and from one of another process.
      const place = { name, id: randomUUID() };
      const address = Object.freeze({ module: import.meta.url, transport: NAME, place });
      places.set(name, new MemoryBuffer(Object.freeze({ ...spec }), address));
      return address;
    },

    async open(address) {
      const wanted = address === undefined ? { name, id: undefined } : placeOf(address);
      const buffer = places.get(wanted.name);
      if (buffer === undefined || (wanted.id !== undefined && wanted.id !== placeOf(buffer.address).id)) {
        // Each thread has an instance of this module, and so places of its own.
        const here = isMainThread ? `process ${process.pid}` : `thread ${threadId} of process ${process.pid}`;
        const where = `no such buffer at ${JSON.stringify(wanted.name)} in ${here}`;
        throw fault(
          "BUFFER_NOT_FOUND",
          `There is ${where}; only the thread that made a memory buffer can open it`,
        );
      }
      return openPort(buffer, CAPABILITIES, () => {
        // There may be a later buffer at this place, which is not ours to remove.
        if (places.get(wanted.name) === buffer) places.delete(wanted.name);
      });
    },
  };
}

/** The other way in, for core: an address that came from `BufferPort.address` leads back to its place. */
export function transportAt(address: BufferAddress): BufferTransport {
  return memoryTransport({ name: placeOf(address).name });
}

/** An address is data from outside: check its shape before use. */
function placeOf(address: BufferAddress): { readonly name: string; readonly id: string } {
  const place = address.place as { readonly name?: unknown; readonly id?: unknown } | null;
  const { name, id } = typeof place === "object" && place !== null ? place : {};
  if (typeof name !== "string" || name === "" || typeof id !== "string") {
    throw wrongType("`address.place`", "the `{ name, id }` of a memory buffer", address.place);
  }
  return { name, id };
}

function fault(code: ErrorCode, message: string): BufferError {
  return new BufferError(code, message, { transport: NAME });
}
