/** The way into a store that is there: finding it, and opening a handle on it. */

import { existsSync } from "node:fs";
import { type BufferPort, type MaybePromise, show } from "@sluice/core";
import { type BrokerPort, StoreBrokerPort } from "./broker-port.js";
import { type BufferHeader, readHeader, type StoreSettings } from "./buffer-header.js";
import { errnoOf, Faults } from "./faults.js";
import { hasJoined } from "./join.js";
import { BROKER_HANDLE, idOfRoot, Layout, newHandleId, rootName } from "./layout.js";
import { type LockStrategy, lockStrategy } from "./lock-strategy.js";
import type { DiskCommits } from "./log.js";
import { findRoot, isMissing, notABuffer, notFound, refuseRemote } from "./place.js";
import { removeBuffer } from "./remove-buffer.js";
import { Store } from "./store.js";
import { type PortIdentity, StorePort } from "./store-port.js";
import { listLeft, sweep } from "./sweep.js";

/** `lockWaitMs`, where it is not given. */
export const LOCK_WAIT_MS_DEFAULT = 100;

export interface OpenStoreOptions extends PortIdentity {
  /**
   * How long a call waits for the lock, in milliseconds from 0. With `proper-lockfile` it then goes on without; with `flock` it
   * rejects `BUFFER_BUSY`. Default: `LOCK_WAIT_MS_DEFAULT`.
   */
  readonly lockWaitMs?: number;
}

/** A store that is there, as its header tells of it. Nothing of it is held until it is opened. */
export interface FoundStore extends StoreSettings {
  /** Tells it from a later one at the same path. */
  readonly id: string;
  /**
   * Opens a handle on it.
   *
   * Rejects `BUFFER_NOT_FOUND` if it has been destroyed meanwhile; `CAPABILITY_MISSING` where what its lock needs is not
   * there; `DATA_CORRUPT`, `STORAGE_FAILED`, `PERMISSION_DENIED`.
   */
  open(options: OpenStoreOptions): Promise<BufferPort>;
  /**
   * Opens the store's one handle for a broker: see `BrokerPort`. It is the same whichever process opens it, and what an
   * earlier process held by it stays held. One process at a time may have it, which is for the broker to see to, by a claim
   * on its place that the system drops when it dies: two that have it take each other's leases for their own.
   *
   * Rejects as `open`; and `STORAGE_FULL`, because it commits that the handle is here now.
   */
  openForBroker(options: OpenStoreOptions): Promise<BrokerPort>;
}

/**
 * Looks for a store in a directory. Touches nothing.
 *
 * @param path - absolute path of the directory.
 * @param transport - in whose name errors are told: `BufferError.transport`, of this call and of all ports.
 * @param id - of the store that is meant; any, if it is left out.
 * @throws BufferError `BUFFER_NOT_FOUND`; `NOT_A_BUFFER`; `VERSION_UNSUPPORTED`; `DATA_CORRUPT`; `PERMISSION_DENIED`;
 * `CAPABILITY_MISSING` on a file system of another machine; `STORAGE_FAILED`. The system's error `ENAMETOOLONG`, for the caller
 * to say by what the name was given.
 */
export function findStore(path: string, transport: string, id?: string): FoundStore {
  const faults = new Faults(transport);
  try {
    const root = findRoot(path, faults);
    if (root === undefined || (id !== undefined && root !== rootName(id))) throw notFound(path, faults);
    refuseRemote(path, faults);
    const layout = new Layout(path, idOfRoot(root), faults);
    const header = headerAt(path, layout);
    if (header === undefined) throw notFound(path, faults);
    const { spec, durability, lock } = header;
    const remove = () => removeBuffer(layout);
    return {
      ...{ id: layout.id, spec, durability, lock },
      open: async (options) => {
        const store = await openStore(path, layout, header, options, newHandleId());
        return new StorePort(store, spec, options, remove);
      },
      openForBroker: async (options) => {
        const store = await openStore(path, layout, header, options, BROKER_HANDLE);
        await join(store);
        return new StoreBrokerPort(store, spec, options, remove);
      },
    };
  } catch (error) {
    throw openingFault(error, path, faults);
  }
}

async function openStore(
  path: string,
  layout: Layout,
  header: BufferHeader,
  { lockWaitMs = LOCK_WAIT_MS_DEFAULT }: OpenStoreOptions,
  handle: string,
): Promise<Store> {
  try {
    const opening = openHandle(layout, header, lockWaitMs, handle);
    // No turn of the event loop where none is needed.
    const store = opening instanceof Promise ? await opening : opening;
    if (store === undefined) throw notFound(path, layout.faults);
    return store;
  } catch (error) {
    throw openingFault(error, path, layout.faults);
  }
}

// Before anybody finds that the process which had the handle last is dead, and ends what it held.
async function join(store: Store): Promise<void> {
  try {
    await store.transact((state) =>
      hasJoined(state, store.handle) ? { answer: undefined } : { operations: [], reply: () => undefined },
    );
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Undefined if it is being removed at this instant. */
export function headerAt(path: string, layout: Layout): BufferHeader | undefined {
  const header = readHeader(layout);
  if (header === undefined && existsSync(layout.root)) throw notABuffer(path, layout.faults, "has no header");
  return header;
}

/** A handle that knows the state. Undefined if the buffer was destroyed, or is being removed at this instant. */
export function openHandle(
  layout: Layout,
  header: BufferHeader,
  lockWaitMs: number,
  handle: string,
): MaybePromise<Store | undefined> {
  const open = (strategy: LockStrategy) => start(layout, header, strategy, lockWaitMs, handle);
  const asked = lockStrategy(header.lock);
  return asked instanceof Promise ? asked.then(open) : open(asked);
}

function start(
  layout: Layout,
  { spec, durability }: BufferHeader,
  strategy: LockStrategy,
  lockWaitMs: number,
  handle: string,
): Store | undefined {
  let commits: DiskCommits;
  try {
    commits = strategy.open({ layout, handle, spec, durable: durability === "fsync", lockWaitMs });
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (existsSync(layout.root)) throw layout.faults.flaw("torn", layout.lock);
    return undefined;
  }
  const store = new Store(commits);
  try {
    const left = listLeft(layout);
    commits.log.catchUp();
    if (commits.log.state.destroyed) {
      store.close();
      return undefined;
    }
    store.probe();
    sweep(commits.log, left);
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

// What the system says of a path, as what it means for the buffer.
function openingFault(error: unknown, path: string, faults: Faults): unknown {
  if (isMissing(error)) return notFound(path, faults);
  if (errnoOf(error) === "ENAMETOOLONG") return error;
  return faults.storage(error, `Opening the buffer at ${show(path)}`);
}
