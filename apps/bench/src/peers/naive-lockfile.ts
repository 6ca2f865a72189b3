/**
 * The naive way: an array of strings in a JSON file, behind proper-lockfile. Lock, read, change, write, unlock; who finds
 * it full or empty unlocks, sleeps and tries again. The bound is strict, and items come out in order.
 *
 * What it leaves out, and users of it find out later: a process that is killed while it writes leaves half a file; two
 * can hold the lock after a stale one; nobody is woken; an item is gone as soon as it is read.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type LockOptions, lock } from "proper-lockfile";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";

// Delays of 5 to 10 ms at first, twice as long each time, at most 50: for a lock that is held as for a buffer that is full
// or empty. Tried against delays that are all evenly spread from 5 to 50 ms, this was the faster.
const DELAY_MIN_MS = 5;
const DELAY_MAX_MS = 50;
const DELAY_FACTOR = 2;

const lockOptions: LockOptions = {
  // Both are the library's defaults: a lock is taken for abandoned after ten seconds, and refreshed at half of that.
  stale: 10_000,
  update: 5_000,
  retries: {
    // Not a high number of retries: the table of all delays is computed at every call of lock().
    forever: true,
    // The library's default: entries of that table. When it has ended, it is gone through again.
    retries: 10,
    factor: DELAY_FACTOR,
    minTimeout: DELAY_MIN_MS,
    maxTimeout: DELAY_MAX_MS,
    randomize: true,
    unref: false,
  },
  // The path has no links in it, and looking for some would cost a call.
  realpath: false,
  // The library's default. A lock that was lost means that the file is no longer safe.
  onCompromised: (error) => {
    throw error;
  },
};

interface Store {
  readonly path: string;
  readonly capacity: number;
}

async function locked<T>({ path }: Store, act: () => T): Promise<T> {
  const unlock = await lock(path, lockOptions);
  try {
    return act();
  } finally {
    await unlock();
  }
}

// Synchronous: under the lock, a trip to the thread pool for each would only make everybody wait longer.
function read(place: Store): string[] {
  return JSON.parse(readFileSync(place.path, "utf8")) as string[];
}

function write(place: Store, items: readonly string[]): void {
  writeFileSync(place.path, JSON.stringify(items));
}

function sleepAfter(tries: number): Promise<void> {
  const delayMs = (1 + Math.random()) * DELAY_MIN_MS * DELAY_FACTOR ** tries;
  return sleep(Math.min(delayMs, DELAY_MAX_MS));
}

function tryPut(place: Store, item: string): Promise<boolean> {
  return locked(place, () => {
    const items = read(place);
    if (items.length >= place.capacity) return false;
    items.push(item);
    write(place, items);
    return true;
  });
}

function tryTake(place: Store): Promise<string | undefined> {
  return locked(place, () => {
    const items = read(place);
    const item = items.shift();
    if (item !== undefined) write(place, items);
    return item;
  });
}

function putEnd(place: Store): PutEnd {
  return {
    async put(item) {
      const text = Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("latin1");
      for (let tries = 0; !(await tryPut(place, text)); tries++) await sleepAfter(tries);
    },
  };
}

function takeEnd(place: Store): TakeEnd {
  return {
    async take() {
      for (let tries = 0; ; tries++) {
        const text = await tryTake(place);
        if (text !== undefined) return Buffer.from(text, "latin1");
        await sleepAfter(tries);
      }
    },
  };
}

const naiveLockfile: NodeCandidate = {
  name: "naive",
  about: "proper-lockfile around a JSON file, one item a call: it has no batches; nothing is synced",
  module: import.meta.url,
  bound: "strict",
  hasBatches: false,
  // Every call reads and writes all there is.
  itemCount: (work) =>
    work.kind === "round-trip" || work.itemBytes > 8_192 ? 100 : work.capacity === 5 ? 400 : 1_000,
  async create({ path, capacity }) {
    const place: Store = { path, capacity };
    write(place, []);
    return { address: { path, capacity }, destroy: async () => rmSync(path) };
  },
  start: startNodeWorkers,
  async connect(address) {
    const place = address as unknown as Store;
    return {
      producer: async () => putEnd(place),
      consumer: async () => takeEnd(place),
      close: async () => {},
    };
  },
};

export default naiveLockfile;
