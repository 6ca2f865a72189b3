/**
 * What the benchmark measures: one way to hand items from process to process. A candidate is the default export of a
 * file in `ours` or `peers`, and a line in `candidates.ts`; nothing else is needed.
 */

import type { JsonValue, MaybePromise } from "@sluice/core";
import type { Running } from "./running.js";
import type { Job } from "./worker-messages.js";
import type { Work } from "./works.js";

/**
 * Whether the capacity is the most that can be under way. `strict`: it is. `loose`: there is a bound, and more than the
 * capacity fits, in buffers on both sides. `none`: there is no bound.
 */
export type Bound = "strict" | "loose" | "none";

export interface Candidate {
  /** For `--only` and the table: lower case, no spaces. */
  readonly name: string;
  /** One line below the table: what it is, and what it leaves out. */
  readonly about: string;
  /** URL of the file that exports it: what a worker in JavaScript imports. */
  readonly module: string;
  readonly bound: Bound;
  /**
   * Whether it is a transport of ours. Default false: a peer, which is frozen, so that what it does differently on another
   * day is the machine's doing.
   */
  readonly isOurs?: boolean;
  /** Whether a call moves several items; without, a work in batches is done one at a time. */
  readonly hasBatches: boolean;
  /** Whether what was put outlives a power cut: everything is synced before it is answered. Default false. */
  readonly isDurable?: boolean;
  /** Whether many calls of one end may be under way at once; without, a work that has many awaits each one. */
  readonly mayOverlap?: boolean;
  /** Whether the sender deals items out, so that nobody knows beforehand how many each of several consumers gets. */
  readonly isDealt?: boolean;
  /** How many items (or round trips) take it about a second on two cores. */
  itemCount(work: Work): number;
  /** Whether it can be measured here; called once, before the first run. Without: everywhere. */
  prepare?(scratch: Scratch): Promise<Readiness>;
  /** Why a work makes no sense for it; undefined for one that does. */
  unsuited?(work: Work): string | undefined;
  /** Makes an empty buffer. */
  create(place: Place): Promise<Created>;
  /** Starts the run's processes, one for each job and in that order. */
  start(jobs: readonly Job[]): readonly Running[];
}

/** A candidate whose ends are JavaScript: its processes are `worker.ts`, which imports the candidate's file. */
export interface NodeCandidate extends Candidate {
  /** Opens the buffer in a worker process. */
  connect(address: JsonValue, job: Job): Promise<Connection>;
}

export interface Scratch {
  /** A directory that lasts as long as the benchmark, for compiled programs. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

export type Readiness =
  /** `version`: of what is measured, where it is not ours. */
  | { readonly isReady: true; readonly version?: string }
  /** `install`: the command that would help, where one would. */
  | { readonly isReady: false; readonly why: string; readonly install?: string };

export interface Place {
  /** In a directory that exists; nothing is there yet. */
  readonly path: string;
  readonly capacity: number;
  readonly itemBytes: number;
  readonly consumers: number;
}

export interface Created {
  readonly address: JsonValue;
  /** What the server or broker that holds the buffer has used so far: asked before and after the work. */
  usage?(): Promise<ServerUsage>;
  /** After all workers have gone, however the run ended. The directory is removed by the benchmark. */
  destroy(): Promise<void>;
}

/** Of a process between the workers, since it was started; what it does not know is left out. */
export interface ServerUsage {
  /** Of all its threads, in user and system mode. */
  readonly cpuUs?: number;
  /** Received and sent: a request and its answer are two. */
  readonly messages?: number;
}

/** One process's end; items are `itemBytes` bytes of printable ASCII. */
export interface Connection {
  producer(): Promise<PutEnd>;
  consumer(): Promise<TakeEnd>;
  close(): Promise<void>;
}

/** Where an answer is a promise it is awaited, where it is none it is not; once, as an application does. */
export interface PutEnd {
  /** Done once the item is in the buffer; waits for room. */
  put(item: Uint8Array): MaybePromise<void>;
  /** Done once all are; may say how many that were. */
  putMany?(items: readonly Uint8Array[]): MaybePromise<number | undefined>;
}

/** An item, or what holds it: nothing where the end came. */
export type Taken = Uint8Array | { readonly value?: Uint8Array | undefined };

export interface TakeEnd {
  /** Waits for an item. */
  take(): MaybePromise<Taken>;
  /** Waits for one item, and takes up to `max`. */
  takeMany?(max: number): MaybePromise<readonly Uint8Array[]>;
}

export function itemIn(taken: Taken): Uint8Array {
  const item = taken instanceof Uint8Array ? taken : taken.value;
  if (item === undefined) throw new Error("The end came before the last item");
  return item;
}
