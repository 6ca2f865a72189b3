/** The broker's store: in memory, or a journal in a directory, which the next broker goes on with. */

import { resolve } from "node:path";
import { type BufferSpec, outOfRange, wrongType } from "@sluice/core";
import {
  type BrokerPort,
  createMemoryStore,
  createStore,
  type Durability,
  type FoundStore,
  findStore,
  type PortIdentity,
} from "@sluice/file-store";
import { capabilitiesOf } from "./capabilities.js";
import { claimPath } from "./claim.js";
import { fault, NAME } from "./faults.js";
import type { Opened } from "./protocol.js";

/** Where the items are kept, as JSON. */
export type StoreSettings =
  | { readonly kind: "memory"; readonly spec: BufferSpec; readonly bufferId: string }
  | {
      readonly kind: "new";
      readonly path: string;
      readonly spec: BufferSpec;
      readonly durability: Durability;
    }
  /** Of a broker that has ended. */
  | { readonly kind: "old"; readonly path: string };

export interface BrokerStore {
  readonly port: BrokerPort;
  readonly opened: Opened;
}

/** @throws TypeError, RangeError `INVALID_ARGUMENT`. */
export function checkJournal(path: unknown): string | undefined {
  if (path === undefined) return undefined;
  if (typeof path !== "string") throw wrongType("`journal`", "the path of a directory", path);
  if (path === "" || path.includes("\0")) throw outOfRange("`journal`", "the path of a directory", path);
  return resolve(path);
}

/**
 * Opens it for the one broker that has the place. Rejects as `createStore` and `findStore` do: `BUFFER_EXISTS` for a new one where
 * there is one, `BUFFER_NOT_FOUND` for an old one where there is none.
 */
export async function openBrokerStore(settings: StoreSettings): Promise<BrokerStore> {
  if (settings.kind === "memory") {
    const { spec, bufferId } = settings;
    const port = createMemoryStore(NAME, spec).openForBroker(identity("none"));
    return { port, opened: { bufferId, spec, journal: "none" } };
  }
  const { path } = settings;
  try {
    if (settings.kind === "new") {
      const { spec, durability } = settings;
      await createStore(path, NAME, { spec, durability, lock: "flock" });
    }
    const found = findStore(path, NAME);
    const port = await found.openForBroker(identity(journalOf(found)));
    return { port, opened: { bufferId: found.id, spec: found.spec, journal: journalOf(found) } };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw outOfRange("the parent of `journal`", "a directory that exists", path);
    throw code === "ENAMETOOLONG" ? outOfRange("`journal`", "short enough for the file system", path) : error;
  }
}

/** The journal at a path, if there is one. */
export function findJournal(path: string): FoundStore | undefined {
  try {
    return findStore(path, NAME);
  } catch (error) {
    if ((error as { code?: unknown }).code === "BUFFER_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Removes a journal that a broker, which has ended, had just made, unless somebody has put something meanwhile. */
export async function discardJournal(path: string, id: string): Promise<void> {
  const claim = await claimPath(path);
  try {
    const found = findJournal(path);
    if (found?.id !== id) return;
    const port = await found.openForBroker(identity(journalOf(found)));
    await ((await port.counts()).produced === 0 ? port.destroy() : port.close());
  } finally {
    claim.release();
  }
}

function journalOf({ durability }: Pick<FoundStore, "durability">): "process" | "power" {
  return durability === "fsync" ? "power" : "process";
}

/** @throws BufferError `CAPABILITY_MISSING` for a wish that nothing on a disk could meet. */
export function refuseDurable(durability: Durability | undefined): void {
  if (durability !== "fsync") return;
  const without = 'A broker without `journal` keeps nothing on a disk: `durability: "fsync"` cannot be had';
  throw fault("CAPABILITY_MISSING", without);
}

// Nobody opens the store by them: that is the broker's affair.
function identity(journal: Opened["journal"]): PortIdentity {
  return {
    address: { module: "", transport: NAME, place: null },
    capabilities: capabilitiesOf({ isOfHost: true }, journal),
  };
}
