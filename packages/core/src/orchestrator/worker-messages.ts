/** What parent and worker tell each other, over IPC or, in one process, by a call. */

import type { BufferAddress } from "../transport.js";
import type { DurationCounts } from "./duration-histogram.js";
import type { WorkerRecord } from "./run-events.js";

/** What a worker does. */
export type WorkerRole = "producer" | "consumer";

/** What a worker runs in. */
export type WorkerPlace = "process" | "thread" | "in-process";

/** One worker's part of the plan, all defaults filled in. */
export interface WorkerJob {
  /** `producer-1`: from its place in the plan, so that it is the same when the plan is run again. Also its producer id. */
  readonly name: string;
  readonly role: WorkerRole;
  /** URL of its module. */
  readonly module: string;
  readonly index: number;
  readonly count: number;
  readonly args: unknown;
  /** Most values put together, or most leases taken together. */
  readonly batch: number;
  /** Items handled at once by one consumer. */
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly idleMs: number | undefined;
  readonly itemTimeoutMs: number | undefined;
  /** Whether its records carry the values. */
  readonly values: boolean;
  readonly runIn: WorkerPlace;
  readonly heapBytesMax: number | undefined;
  readonly execArgv: readonly string[];
}

export interface WorkerStart {
  readonly job: WorkerJob;
  readonly address: BufferAddress;
}

export type ToWorker =
  /** Everything a worker needs to get ready. */
  | { readonly kind: "start"; readonly start: WorkerStart }
  /** Everyone is ready. */
  | { readonly kind: "go" }
  /** A consumer of the group has crashed: items that failed before are handled alone from now on. */
  | { readonly kind: "careful" }
  /** A producer puts nothing more; a consumer gives back what it has in hand. */
  | { readonly kind: "stop" };

/** How a worker came to its end by itself. */
export type WorkerEnd = "done" | "idle" | "sealed" | "stopped";

/** An item that has failed before: its handler threw, its lease expired, or its holder died. */
export interface FailedItem {
  readonly sequence: number;
  readonly failures: number;
}

export type FromWorker =
  | { readonly kind: "ready"; readonly lastSequence: number; readonly resumes: boolean }
  | {
      readonly kind: "records";
      readonly records: readonly WorkerRecord[];
      readonly totals: WorkerTotals;
      /** Of items taken since the last records. */
      readonly timesInBuffer: DurationCounts;
    }
  /** The items in hand now that had failed before: if the worker ends now, they are held to be why. */
  | { readonly kind: "suspects"; readonly items: readonly FailedItem[] }
  | { readonly kind: "ended"; readonly end: WorkerEnd }
  | { readonly kind: "failed"; readonly error: ErrorText };

/** What a worker tells that is a process of its own. */
export type FromProcess =
  | FromWorker
  /** It exits with this code, whether its process comes to the end of that or not; what was to be told before is told. */
  | { readonly kind: "leaving"; readonly code: number };

/** A worker's own account, since it began. */
export interface WorkerTotals {
  /** Puts that were accepted. */
  readonly produced: number;
  /** Acks that were confirmed. */
  readonly consumed: number;
  /** Items whose handler threw. */
  readonly nacked: number;
  /** Items in hand that had been handed out before. */
  readonly redelivered: number;
  /** Leases that had passed on when they were to be settled. */
  readonly leasesLost: number;
  /** Puts and acks whose outcome nobody could tell. */
  readonly unknown: number;
  /** How often it met the buffer full (producer) or empty (consumer), and waited. */
  readonly waits: number;
  readonly waitedMs: number;
}

export const NO_TOTALS: WorkerTotals = {
  produced: 0,
  consumed: 0,
  nacked: 0,
  redelivered: 0,
  leasesLost: 0,
  unknown: 0,
  waits: 0,
  waitedMs: 0,
};

/** An error that can travel. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

export function errorText(error: unknown): ErrorText {
  if (!(error instanceof Error)) return { name: "Error", message: `thrown: ${String(error)}` };
  const { name, message, stack } = error;
  const code: unknown = Reflect.get(error, "code");
  return {
    name,
    message,
    ...(typeof code === "string" ? { code } : {}),
    ...(stack === undefined ? {} : { stack }),
  };
}
