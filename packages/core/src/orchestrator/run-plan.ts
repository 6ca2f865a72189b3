/** What to run: a buffer, the workers around it, and how long things may take. */

import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { countFrom } from "../buffer-spec.js";
import type { CreateOptions } from "../create-buffer.js";
import { outOfRange, wrongType } from "../errors.js";
import { ownOptions } from "../options.js";
import type { BufferTransport } from "../transport.js";
import type { WorkerJob, WorkerRole } from "./worker-messages.js";

/** Workers of one module. */
export interface WorkerGroup {
  /** The worker's module: a `file:` URL or a path, which is resolved against the current directory. */
  readonly module: string | URL;
  /** How many of them; integer from 1 to 1,000. Default 1, or as many as `argsOfEach` has. */
  readonly count?: number;
  /** What each of them gets as `args`. Must be a value that can be cloned. */
  readonly args?: unknown;
  /** What each of them gets for itself, in order, in place of `args`. */
  readonly argsOfEach?: readonly unknown[];
  /**
   * Default 1: every `yield` waits until its value is in the buffer, a consumer has one item in hand. More: so many values
   * are asked for before they are put together, so many items are taken together, which is faster and less even.
   */
  readonly batch?: number;
}

/** Workers of one module that consumes. */
export interface ConsumerGroup extends WorkerGroup {
  /** Items that one worker handles at once; integer from 1. Default 1. */
  readonly concurrency?: number;
  /** Default 30,000. Renewed at a third of it while an item is in hand. */
  readonly leaseMs?: number;
  /** A worker also ends by itself when the buffer stayed empty for so long. Default: it waits for the end. */
  readonly idleMs?: number;
}

/** What `run` is to do. Times are in milliseconds. */
export interface RunPlan {
  readonly transport: BufferTransport;
  /** Makes the buffer, with these settings. Omitted: the one at the transport's place is opened, and never destroyed. */
  readonly create?: CreateOptions;
  readonly producers?: WorkerGroup | readonly WorkerGroup[];
  readonly consumers?: ConsumerGroup | readonly ConsumerGroup[];
  /** How long the consumers have after the seal, and everyone after a stop. Default 30,000; 0 is no time at all. */
  readonly drainDeadlineMs?: number;
  /** How long a worker may take to get ready. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Keeps the buffer, also when it is drained. */
  readonly keep?: boolean;
  /** `produced` and `consumed` events carry the values. Default false: at high speed that costs. */
  readonly values?: boolean;
  /** An abort is the first call of `stop`. */
  readonly signal?: AbortSignal;
}

/** A plan with its defaults filled in and its workers written out. */
export interface CompletePlan extends RunPlan {
  readonly producerJobs: readonly WorkerJob[];
  readonly consumerJobs: readonly WorkerJob[];
  readonly drainDeadlineMs: number;
  readonly startTimeoutMs: number;
}

// Of one group: more processes than any host runs, and fewer than would bring one down by a slip of the hand.
const WORKERS_MAX = 1_000;

const PLAN_KEYS: readonly (keyof RunPlan)[] = [
  "transport",
  "create",
  "producers",
  "consumers",
  "drainDeadlineMs",
  "startTimeoutMs",
  "keep",
  "values",
  "signal",
];
const PRODUCER_KEYS = ["module", "count", "args", "argsOfEach", "batch"];
const CONSUMER_KEYS = [...PRODUCER_KEYS, "concurrency", "leaseMs", "idleMs"];

/** @throws TypeError, RangeError `INVALID_ARGUMENT`, saying what was expected and what came. Nothing has been made then. */
export function completePlan(given: RunPlan): CompletePlan {
  if (given === undefined) throw wrongType("the plan", "an object", given);
  const plan = ownOptions("the plan", given, PLAN_KEYS);
  const { transport, producers, consumers, signal } = plan;
  if (typeof transport?.open !== "function") throw wrongType("`plan.transport`", "a transport", transport);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType("`plan.signal`", "an AbortSignal", signal);
  }
  for (const name of ["keep", "values"] as const) {
    const value = plan[name];
    if (value !== undefined && typeof value !== "boolean")
      throw wrongType(`\`plan.${name}\``, "a boolean", value);
  }
  const values = plan.values ?? false;
  const producerJobs = jobsOf("producer", producers, values);
  const consumerJobs = jobsOf("consumer", consumers, values);
  if (producerJobs.length + consumerJobs.length === 0) throw wrongType("the plan", "one with workers", given);
  return {
    ...plan,
    producerJobs,
    consumerJobs,
    drainDeadlineMs: countFrom(0, "`plan.drainDeadlineMs`", plan.drainDeadlineMs ?? 30_000),
    startTimeoutMs: countFrom(1, "`plan.startTimeoutMs`", plan.startTimeoutMs ?? 30_000),
  };
}

function jobsOf(role: WorkerRole, groups: RunPlan["producers" | "consumers"], values: boolean): WorkerJob[] {
  const jobs: WorkerJob[] = [];
  for (const given of groups === undefined ? [] : ([groups].flat() as ConsumerGroup[])) {
    const where = `\`plan.${role}s\``;
    if (given === undefined) throw wrongType(where, "one group of workers, or a list of them", groups);
    const group = ownOptions(where, given, role === "producer" ? PRODUCER_KEYS : CONSUMER_KEYS);
    const { argsOfEach } = group;
    if (argsOfEach !== undefined && !Array.isArray(argsOfEach)) {
      throw wrongType(`${where}.argsOfEach`, "an array", argsOfEach);
    }
    const count = countFrom(1, `${where}.count`, group.count ?? argsOfEach?.length ?? 1, WORKERS_MAX);
    if (argsOfEach !== undefined && argsOfEach.length !== count) {
      throw outOfRange(`${where}.argsOfEach`, `one for each of the ${count} workers`, argsOfEach.length);
    }
    const module = moduleUrl(where, group.module);
    const batch = countFrom(1, `${where}.batch`, group.batch ?? 1);
    const concurrency = countFrom(1, `${where}.concurrency`, group.concurrency ?? 1);
    const leaseMs = countFrom(1, `${where}.leaseMs`, group.leaseMs ?? 30_000);
    const idleMs = group.idleMs === undefined ? undefined : countFrom(1, `${where}.idleMs`, group.idleMs);
    for (let index = 0; index < count; index++) {
      const args = cloned(where, argsOfEach === undefined ? group.args : argsOfEach[index]);
      const name = `${role}-${jobs.length + 1}`;
      jobs.push({ name, role, module, index, count, args, batch, concurrency, leaseMs, idleMs, values });
    }
  }
  return jobs;
}

function moduleUrl(where: string, module: unknown): string {
  if (module instanceof URL) return module.href;
  if (typeof module !== "string" || module === "")
    throw wrongType(`${where}.module`, "a path or a URL", module);
  // A drive letter looks like a scheme.
  if (!isAbsolute(module) && URL.canParse(module)) return module;
  return pathToFileURL(resolve(module)).href;
}

/** Nobody else's changes reach it, and it can be sent to another process. */
function cloned(where: string, args: unknown): unknown {
  try {
    return structuredClone(args);
  } catch {
    throw wrongType(`${where}.args`, "a value that can be cloned", args);
  }
}
