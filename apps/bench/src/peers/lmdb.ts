/**
 * Keys in LMDB as a queue: each put and each take is a transaction, as lmdb-js has them, which counts and writes. Nobody
 * is woken: who finds it full or empty asks again a millisecond later. Strict, and in order.
 */

import { mkdirSync } from "node:fs";
import type { JsonValue } from "@sluice/core";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { loadPeer, peerReadiness } from "./peer-package.js";
import { polledUntil } from "./polling.js";

/** What is used of lmdb-js. */
interface Lmdb {
  open(options: Options & { readonly path: string }): Database;
}

interface Database {
  transaction<T>(act: () => T): Promise<T>;
  getKeys(options: { readonly limit: number; readonly reverse?: boolean }): {
    readonly asArray: readonly number[];
  };
  getRange(options: { readonly limit: number }): { readonly asArray: readonly Entry[] };
  put(key: number, value: Uint8Array): unknown;
  remove(key: number): unknown;
  close(): Promise<void>;
}

interface Entry {
  readonly key: number;
  readonly value: Uint8Array;
}

const options = {
  // Items are bytes, and their keys are in order.
  encoding: "binary",
  keyEncoding: "uint32",
  // Nothing is synced, as in everything that it is compared with.
  noSync: true,
  // It goes with a sync alone.
  overlappingSync: false,
  // Its default: what is put in one turn of the event loop is one transaction.
  eventTurnBatching: true,
  // Its defaults too.
  compression: false,
  cache: false,
  useVersions: false,
} as const;

type Options = typeof options;

/** Its default. What is larger has pages of its own. */
const PAGE_BYTES = 4_096;

interface Address {
  readonly path: string;
  readonly capacity: number;
}

function putEnd(database: Database, capacity: number): PutEnd {
  const putWhatFits = (items: readonly Uint8Array[]) =>
    database.transaction(() => {
      // Keys go in the order in which they came, so that the first and the last tell how many there are.
      const [last = 0] = database.getKeys({ limit: 1, reverse: true }).asArray;
      const [first = last + 1] = database.getKeys({ limit: 1 }).asArray;
      const fitting = items.slice(0, capacity - (last - first + 1));
      for (const [index, item] of fitting.entries()) void database.put(last + 1 + index, item);
      return fitting.length;
    });
  const putMany = async (items: readonly Uint8Array[]) => {
    for (let rest = items; rest.length > 0; ) {
      const accepted = await polledUntil(async () => (await putWhatFits(rest)) || undefined);
      rest = rest.slice(accepted);
    }
    return items.length;
  };
  return { putMany, put: async (item) => void (await putMany([item])) };
}

function takeEnd(database: Database): TakeEnd {
  const takeMany = (max: number) =>
    polledUntil(async () => {
      const taken = await database.transaction(() => {
        const entries = database.getRange({ limit: max }).asArray;
        for (const { key } of entries) void database.remove(key);
        return entries.map(({ value }) => value);
      });
      return taken.length === 0 ? undefined : taken;
    });
  return { takeMany, take: async () => ({ value: (await takeMany(1))[0] }) };
}

const lmdb: NodeCandidate = {
  name: "lmdb",
  about: "keys in LMDB (noSync) over lmdb-js, polled every millisecond",
  module: import.meta.url,
  bound: "strict",
  hasBatches: true,
  itemCount: (work) =>
    work.kind === "round-trip" ? 400 : work.batch > 1 ? 150_000 : work.capacity < 1024 ? 3_000 : 20_000,
  // An assertion in its list of free pages fails, each time: kriszyp/lmdb-js#317 has the same, and is open.
  unsuited: ({ batch, itemBytes }) =>
    batch > 1 && itemBytes > PAGE_BYTES
      ? "aborts where large items are removed in batches (lmdb-js issue 317)"
      : undefined,
  prepare: async () => peerReadiness("lmdb"),
  async create({ path, capacity }) {
    mkdirSync(path);
    return { address: { path, capacity } as JsonValue, destroy: async () => {} };
  },
  start: startNodeWorkers,
  async connect(address) {
    const { path, capacity } = address as unknown as Address;
    const database = loadPeer<Lmdb>("lmdb").open({ ...options, path });
    return {
      producer: async () => putEnd(database, capacity),
      consumer: async () => takeEnd(database),
      close: () => database.close(),
    };
  },
};

export default lmdb;
