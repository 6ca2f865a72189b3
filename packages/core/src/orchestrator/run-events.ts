/** What happens in a run, as typed events: for a listener, a log, a page, or `for await`. */

import type { BufferAddress } from "../transport.js";
import type { ErrorText, WorkerEnd, WorkerRole } from "./worker-messages.js";

/** What a worker tells of its work. At high speed several items become one record. */
interface WorkerRecords {
  /**
   * Puts that were accepted: so many since the last record, so many in all since the worker was started, which it may be again; `values`
   * where the plan asks for them.
   */
  produced: { readonly count: number; readonly total: number; readonly values?: readonly unknown[] };
  /** A consumer has them in hand. Items that are done a few milliseconds later may be told as `consumed` only. */
  taken: { readonly count: number; readonly values?: readonly unknown[] };
  /** Acks that were confirmed, in the same terms as `produced`. */
  consumed: { readonly count: number; readonly total: number; readonly values?: readonly unknown[] };
  /** A handler threw, and its item went back: which one, and `deliveries` hand-outs so far. */
  nacked: { readonly reason: string; readonly sequence: number; readonly deliveries: number };
  /** A producer met the full buffer, a consumer the empty one. A wait of a few milliseconds may be counted only. */
  waiting: { readonly because: "full" | "empty" };
  resumed: { readonly because: "full" | "empty"; readonly waitedMs: number };
}

/** How far a run has been told to end; see `Run.stop`. */
export type StopLevel = "drain" | "release" | "kill";

interface RunRecords {
  /** The buffer was made (`created`) or found, and what it is. */
  opened: {
    readonly created: boolean;
    readonly transport: string;
    readonly capacity: number;
    readonly address: BufferAddress;
  };
  /** Everyone is ready; the work begins. */
  started: { readonly producers: number; readonly consumers: number };
  /** The run was told to end, or has to: `drain` stops the producers, `release` the consumers, `kill` everyone. */
  stopping: { readonly level: StopLevel; readonly because: string };
  sealed: { readonly produced: number };
  /** Sealed, none ready, none leased. */
  drained: { readonly consumed: number };
  destroyed: Record<never, never>;
  /** The buffer is there, and this is where it is. */
  kept: { readonly address: BufferAddress };
  /** Output that this reader was too slow for was left out. */
  skipped: { readonly events: number };
}

interface WorkerLife {
  /**
   * `pid` is 0 for a worker in this process. It comes once more, without `restarted`, after an `exited` by a signal that met the process
   * as it started, and was meant for this one.
   */
  spawned: { readonly role: WorkerRole; readonly pid: number };
  ready: { readonly lastSequence: number };
  /** It came to its end by itself. */
  ended: { readonly end: WorkerEnd };
  /** It crashed, or could not be started. It is started again in `restartInMs`; without that the run fails. */
  failed: { readonly error: ErrorText; readonly restartInMs?: number };
  /** It is there again, for the so-manieth time; `spawned` comes with it. */
  restarted: { readonly restarts: number };
  /** What a worker's process printed, as it came. */
  output: { readonly stream: "stdout" | "stderr"; readonly text: string };
  exited: { readonly code: number | null; readonly signal: string | null };
}

type OfWorker<R> = { [K in keyof R]: { readonly worker: string } & R[K] };

/** Every kind of event with its fields. */
export interface RunEvents extends RunRecords, OfWorker<WorkerLife>, OfWorker<WorkerRecords> {}

/** The names of the events. */
export type RunEventKind = keyof RunEvents;

/** `at` is in milliseconds since 1970, with fractions, on the clock of the process in which it happened. */
type Event<R, K extends keyof R> = { [P in K]: { readonly kind: P; readonly at: number } & R[P] }[K];

/** One event of a kind; without a kind, of any. */
export type RunEvent<K extends RunEventKind = RunEventKind> = Event<RunEvents, K>;

/** Calls the listener at each event of a kind, or of every kind. Returns the function that ends this. */
export interface Listen {
  <K extends RunEventKind>(kind: K, listener: (event: RunEvent<K>) => void): () => void;
  (kind: "*", listener: (event: RunEvent) => void): () => void;
}

export type WorkerRecord = Event<WorkerRecords, keyof WorkerRecords>;

/** Milliseconds since 1970 that do not jump while the process runs. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
