/** What parent and worker say to each other. */

import type { JsonValue } from "@sluice/core";
import type { Arrivals } from "./arrivals.js";

export type Role = "producer" | "consumer" | "caller" | "echo";

export interface Job {
  /** URL of the candidate's file. */
  readonly module: string;
  readonly role: Role;
  /** Which of the producers, or of the consumers. */
  readonly index: number;
  /** The buffer; for a round trip the one there and the one back. */
  readonly addresses: readonly JsonValue[];
  /** How many items this worker puts or takes. */
  readonly count: number;
  /** How many items each producer puts. */
  readonly put: readonly number[];
  /** Most items a call; 1 is one at a time. */
  readonly batch: number;
}

/** `end` comes when all workers have reported: until then, one that closes would get in the way of those at work. */
export type ToWorker =
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "go" }
  | { readonly kind: "end" };

/** Times are milliseconds on the clock that all processes of the host share. */
export interface Report {
  /** Before the first put. */
  readonly startedAt: number;
  /** After the last put or take. */
  readonly endedAt: number;
  /** A consumer's. */
  readonly arrivals?: Arrivals;
  /** A caller's: how long each round trip took. */
  readonly roundTripsMs?: readonly number[];
}

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly report: Report }
  | { readonly kind: "failed"; readonly reason: string };

/** CLOCK_MONOTONIC on Linux and its like elsewhere: the same in all processes. */
export function hostNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
