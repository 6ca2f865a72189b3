/**
 * What the benchmark measures: one way to hand items from process to process. A candidate is the default export of a
 * file in `ours` or `peers`, and a line in `candidates.ts`; nothing else is needed.
 */

import type { JsonValue } from "@sluice/core";
import type { Work } from "./works.js";

export interface Candidate {
  /** For `--only` and the table: lower case, no spaces. */
  readonly name: string;
  /** One line below the table: what it is, and what it leaves out. */
  readonly about: string;
  /** URL of the file that exports it: what a worker process imports. */
  readonly module: string;
  /** Whether its ends have `putMany` and `takeMany`; without, a work in batches is done one at a time. */
  readonly hasBatches: boolean;
  /** How many items (or round trips) take it one to three seconds on two cores. */
  itemCount(work: Work): number;
  /** Makes an empty buffer of this capacity at `path`, in a directory that exists; nothing is there yet. */
  create(path: string, capacity: number): Promise<Created>;
  /** Opens it in a worker process. */
  connect(address: JsonValue): Promise<Connection>;
}

export interface Created {
  readonly address: JsonValue;
  /** After all workers have gone. The directory is removed by the benchmark. */
  destroy(): Promise<void>;
}

/** One process's end; items are `ITEM_BYTES` bytes of printable ASCII. */
export interface Connection {
  producer(): Promise<PutEnd>;
  consumer(): Promise<TakeEnd>;
  close(): Promise<void>;
}

export interface PutEnd {
  /** Resolves once the item is in the buffer; waits for room. */
  put(item: Uint8Array): Promise<void>;
  /** Resolves once all are. */
  putMany?(items: readonly Uint8Array[]): Promise<void>;
}

export interface TakeEnd {
  /** Waits for an item. */
  take(): Promise<Uint8Array>;
  /** Waits for one item, and takes up to `max`. */
  takeMany?(max: number): Promise<readonly Uint8Array[]>;
}
