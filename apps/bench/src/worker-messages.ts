/**
 * What parent and worker say to each other: a line of JSON each, on the worker's standard input and output, so that a
 * worker may be written in any language.
 *
 *     parent  { kind: "job", job }                     { kind: "go" }                  [ { kind: "stop" } ]           { kind: "end" }
 *     worker                        { kind: "ready" }                 [ { kind: "progress", count } ]  { kind: "done", report }        [ { kind: "closed" } ] ends
 */

import type { JsonValue } from "@sluice/core";
import type { Arrivals } from "./arrivals.js";

export type Role = "producer" | "consumer" | "caller" | "echo";

export interface Job {
  /** URL of the candidate's file, for a worker in JavaScript. */
  readonly module: string;
  readonly role: Role;
  /** Which of the producers, or of the consumers. */
  readonly index: number;
  /** The buffer; for a round trip the one there and the one back. */
  readonly addresses: readonly JsonValue[];
  readonly itemBytes: number;
  /** How many items this worker puts or takes; null for a consumer that takes what it is dealt, until it is told to stop. */
  readonly count: number | null;
  /** How many items each producer puts. */
  readonly put: readonly number[];
  /** Most items a call; 1 is one at a time. */
  readonly batch: number;
  /** How many calls are under way at once; 1 is each awaited before the next. */
  readonly outstanding: number;
}

/** `end` comes when all workers have reported: until then, one that closes would get in the way of those at work. */
export type ToWorker =
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "go" }
  | { readonly kind: "stop" }
  | { readonly kind: "end" };

/** Times are milliseconds on the clock that all processes of the host share. */
export interface Report {
  /** After the go, before the first put. */
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
  /** Items taken so far, of a consumer without a count. */
  | { readonly kind: "progress"; readonly count: number }
  | { readonly kind: "done"; readonly report: Report }
  /** It has closed what it had open, and may be killed: Node may wait for itself for ever in its own exit (its issue 54918). */
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly reason: string };

/** The first round trips compile the code and find their places in memory; every worker makes as many, uncounted. */
export const WARM_UP_ROUND_TRIPS = 20;

/** CLOCK_MONOTONIC on Linux and its like elsewhere: the same in all processes. */
export function hostNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
