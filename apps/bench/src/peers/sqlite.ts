/**
 * A table in SQLite as a queue, over better-sqlite3: a put counts and inserts in one immediate transaction, a take deletes
 * the oldest row and gets it back. Nobody is woken: who finds it full or empty asks again a millisecond later. Strict, and
 * in order.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@sluice/core";
import type { NodeCandidate, PutEnd, Readiness, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { loadPeer, peerReadiness } from "./peer-package.js";
import { polledUntil } from "./polling.js";

/** How long a call waits for the write lock that another process has: its default. */
const BUSY_TIMEOUT_MS = 5_000;

/** What is used of better-sqlite3. */
type Sqlite = new (path: string, options: { timeout: number }) => Database;

interface Database {
  pragma(text: string): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  transaction<A extends readonly unknown[], T>(act: (...args: A) => T): { immediate(...args: A): T };
  close(): void;
}

interface Statement {
  run(...values: readonly (Uint8Array | number)[]): unknown;
  get(): { readonly count: number };
  all(max: number): readonly Row[];
}

interface Row {
  readonly id: number;
  readonly item: Uint8Array;
}

interface Address {
  readonly file: string;
  readonly capacity: number;
}

function opened(file: string, isDurable: boolean): Database {
  const database = new (loadPeer<Sqlite>("better-sqlite3"))(file, { timeout: BUSY_TIMEOUT_MS });
  // As its documentation recommends. With a write-ahead log, FULL syncs every commit, and OFF none.
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${isDurable ? "FULL" : "OFF"}`);
  return database;
}

function putEnd(database: Database, capacity: number): PutEnd {
  // Rows go in the order in which they came, so that the numbers of the first and the last tell how many there are: a
  // count(*) would walk over all of them.
  const count = database.prepare("SELECT coalesce(max(id) - min(id) + 1, 0) AS count FROM items");
  const insert = database.prepare("INSERT INTO items (item) VALUES (?)");
  const putWhatFits = database.transaction((items: readonly Uint8Array[]) => {
    const fitting = items.slice(0, capacity - count.get().count);
    for (const item of fitting) insert.run(item);
    return fitting.length;
  });
  const putMany = async (items: readonly Uint8Array[]) => {
    for (let rest = items; rest.length > 0; ) {
      const accepted = await polledUntil(() => putWhatFits.immediate(rest) || undefined);
      rest = rest.slice(accepted);
    }
    return items.length;
  };
  return { putMany, put: async (item) => void (await putMany([item])) };
}

function takeEnd(database: Database): TakeEnd {
  const remove = database.prepare(
    "DELETE FROM items WHERE id IN (SELECT id FROM items ORDER BY id LIMIT ?) RETURNING id, item",
  );
  const takeMany = (max: number) =>
    polledUntil(() => {
      const rows = remove.all(max);
      // In no order that is promised.
      return rows.length === 0 ? undefined : rows.toSorted((a, b) => a.id - b.id).map(({ item }) => item);
    });
  return { takeMany, take: async () => ({ value: (await takeMany(1))[0] }) };
}

export interface SqliteCandidate extends Pick<NodeCandidate, "name" | "about" | "module" | "itemCount"> {
  /** Whether every commit is synced to the disk. */
  readonly isDurable: boolean;
}

// Optional, as it has to fetch a binary or to compile one: an install that could do neither ends well, and the next one does
// not try it again but by force.
function sqliteReadiness(): Readiness {
  const readiness = peerReadiness("better-sqlite3");
  if (readiness.isReady || readiness.install === undefined) return readiness;
  const why =
    "better-sqlite3 is not installed, or its install had neither a binary to fetch nor what it takes to compile one";
  return { isReady: false, why, install: `${readiness.install} --force` };
}

export function sqliteCandidate({ isDurable, ...candidate }: SqliteCandidate): NodeCandidate {
  return {
    ...candidate,
    isDurable,
    bound: "strict",
    hasBatches: true,
    prepare: async () => sqliteReadiness(),
    async create({ path, capacity }) {
      mkdirSync(path);
      const file = join(path, "items.db");
      const database = opened(file, isDurable);
      database.exec("CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, item BLOB NOT NULL)");
      database.close();
      return { address: { file, capacity } as JsonValue, destroy: async () => {} };
    },
    start: startNodeWorkers,
    async connect(address) {
      const { file, capacity } = address as unknown as Address;
      const database = opened(file, isDurable);
      return {
        producer: async () => putEnd(database, capacity),
        consumer: async () => takeEnd(database),
        close: async () => database.close(),
      };
    },
  };
}

const sqlite: NodeCandidate = sqliteCandidate({
  name: "sqlite",
  about: "a table in SQLite (WAL, synchronous OFF) over better-sqlite3, polled every millisecond",
  module: import.meta.url,
  isDurable: false,
  itemCount: (work) =>
    work.kind === "round-trip" ? 400 : work.batch > 1 ? 150_000 : work.capacity < 1024 ? 3_000 : 20_000,
});

export default sqlite;
