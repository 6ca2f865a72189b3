/** What to run: a buffer, the workers around it, and how long things may take. */

import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { countFrom } from "../buffer-spec.js";
import type { CreateOptions } from "../create-buffer.js";
import { BufferError, outOfRange, wrongType } from "../errors.js";
import { ownOptions } from "../options.js";
import type { BufferTransport, TransportCapabilities } from "../transport.js";
import {
  type CompleteRestart,
  completeRestart,
  type RestartOptions,
  type RestartPolicy,
} from "./restart-options.js";
import type { WorkerJob, WorkerPlace, WorkerRole } from "./worker-messages.js";

/** Workers of one module. */
export interface WorkerGroup {
  /** The worker's module: a `file:` URL or a path, which is resolved against the current directory. */
  readonly module: string | URL;
  /** Its workers are `name-1`, `name-2`: in events, and as producer ids. Default: the role, numbered through all groups without a name. */
  readonly name?: string;
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
  /**
   * What becomes of a worker that crashes. Default `on-crash`: it is started again, up to 3 times within 10 s in its group, after
   * 100 ms to 2 s; one more fails the run. A worker that does not even get ready the first time fails it at once, and so
   * does a producer whose module does not export `resumes`, unless restarts are asked for here.
   */
  readonly restart?: RestartPolicy | RestartOptions;
  /**
   * What each worker runs in. Default `process`, or `in-process` where the buffer cannot be opened by another process. Threads and this
   * process are cheaper, and do not stand apart: what ends the process ends them all, and what blocks this one blocks its workers in it.
   */
  readonly runIn?: WorkerPlace;
  /** Most bytes of a worker's JavaScript heap, from 16 MiB; beyond it ends by a crash. Not for `in-process`. Default: Node's own. */
  readonly heapBytesMax?: number;
  /** More options of Node for processes and threads, such as `["--import", "tsx"]`; those of this process hold for them anyway. */
  readonly execArgv?: readonly string[];
}

/** Workers of one module that consumes. */
export interface ConsumerGroup extends WorkerGroup {
  /** Items that one worker handles at once; integer from 1. Default 1. */
  readonly concurrency?: number;
  /** Default 30,000. Renewed at a third of it while an item is in hand. */
  readonly leaseMs?: number;
  /** A worker also ends by itself when the buffer stayed empty for so long. Default: it waits for the end. */
  readonly idleMs?: number;
  /**
   * How long the module's function may take for one item. After that the item is nacked and the worker goes on; the function is not
   * ended, for nobody can, and may still be at it when the item is handed out again. Default: as long as it takes, until the drain
   * deadline, which counts from the seal or a stop.
   */
  readonly itemTimeoutMs?: number;
}

/** What `run` is to do. Times are in milliseconds. */
export interface RunPlan {
  readonly transport: BufferTransport;
  /** Makes the buffer, with these settings. Omitted: the one at the transport's place is opened, and never destroyed. */
  readonly create?: CreateOptions;
  readonly producers?: WorkerGroup | readonly WorkerGroup[];
  readonly consumers?: ConsumerGroup | readonly ConsumerGroup[];
  /**
   * How long the consumers have after the seal, and everyone after a stop. Default 30,000; 0 is no time at all. Before that nothing limits
   * a handler but `itemTimeoutMs`, nor a producer that waits for room: if all handlers hang under a full buffer, so does the run.
   */
  readonly drainDeadlineMs?: number;
  /** How long a worker may take to get ready. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Keeps the buffer, also when it is drained. */
  readonly keep?: boolean;
  /** `produced`, `taken` and `consumed` events carry the values, where those can be cloned. Default false: at high speed that costs. */
  readonly values?: boolean;
  /** An abort is the first call of `stop`: `AbortSignal.timeout` limits the whole run. */
  readonly signal?: AbortSignal;
}

/** A group with its defaults filled in and its workers written out. */
export interface PlannedGroup {
  readonly jobs: readonly WorkerJob[];
  readonly restart: CompleteRestart;
}

/** A plan with its defaults filled in. */
export interface CompletePlan extends Omit<RunPlan, "producers" | "consumers"> {
  readonly producers: readonly PlannedGroup[];
  readonly consumers: readonly PlannedGroup[];
  readonly drainDeadlineMs: number;
  readonly startTimeoutMs: number;
}

const PLACES: readonly WorkerPlace[] = ["process", "thread", "in-process"];

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
const PRODUCER_KEYS: readonly (keyof WorkerGroup)[] = [
  "module",
  "name",
  "count",
  "args",
  "argsOfEach",
  "batch",
  "restart",
  "runIn",
  "heapBytesMax",
  "execArgv",
];
const CONSUMER_KEYS: readonly (keyof ConsumerGroup)[] = [
  ...PRODUCER_KEYS,
  "concurrency",
  "leaseMs",
  "idleMs",
  "itemTimeoutMs",
];
// A producer id, which it becomes, has at most 256.
const NAME_CHARACTERS_MAX = 200;
// With less Node does not come as far as to load a module.
const HEAP_BYTES_MIN = 16 * 2 ** 20;

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
  const defaults = {
    values: plan.values ?? false,
    reach: transport.capabilities?.reach,
    transport: transport.name,
  };
  const names = new Set<string>();
  const complete = {
    ...plan,
    producers: groupsOf("producer", producers, defaults, names),
    consumers: groupsOf("consumer", consumers, defaults, names),
    drainDeadlineMs: countFrom(0, "`plan.drainDeadlineMs`", plan.drainDeadlineMs ?? 30_000),
    startTimeoutMs: countFrom(1, "`plan.startTimeoutMs`", plan.startTimeoutMs ?? 30_000),
  };
  if (complete.producers.length + complete.consumers.length === 0)
    throw wrongType("the plan", "one with workers", given);
  return complete;
}

/** What a group takes from around it. */
export interface GroupDefaults {
  readonly values: boolean;
  /** Of the buffer. */
  readonly reach: TransportCapabilities["reach"] | undefined;
  readonly transport: string;
}

/** @param names - of all workers of the run; those of this role are added. */
function groupsOf(
  role: WorkerRole,
  groups: RunPlan["producers" | "consumers"],
  defaults: GroupDefaults,
  names: Set<string>,
): PlannedGroup[] {
  const where = `\`plan.${role}s\``;
  const planned: PlannedGroup[] = [];
  let unnamed = 0;
  for (const given of groups === undefined ? [] : ([groups].flat() as ConsumerGroup[])) {
    if (given === undefined) throw wrongType(where, "one group of workers, or a list of them", groups);
    const group = groupOf(role, where, given, unnamed, defaults);
    if (given.name === undefined) unnamed += group.jobs.length;
    for (const { name } of group.jobs) {
      if (names.has(name)) throw outOfRange(`${where}.name`, "another one for each group", given.name);
      names.add(name);
    }
    planned.push(group);
  }
  return planned;
}

/** @param before - how many workers without a name of their own there are already; those are numbered through. */
export function groupOf(
  role: WorkerRole,
  where: string,
  given: ConsumerGroup,
  before: number,
  defaults: GroupDefaults,
): PlannedGroup {
  const group = ownOptions(where, given, role === "producer" ? PRODUCER_KEYS : CONSUMER_KEYS);
  const { reach, transport, values } = defaults;
  const isHome = reach === "process";
  const {
    name = role,
    argsOfEach,
    execArgv = [],
    heapBytesMax,
    runIn = isHome ? "in-process" : "process",
  } = group;
  if (typeof name !== "string" || name === "" || name.length > NAME_CHARACTERS_MAX) {
    throw wrongType(`${where}.name`, `a string of 1 to ${NAME_CHARACTERS_MAX} characters`, name);
  }
  if (argsOfEach !== undefined && !Array.isArray(argsOfEach)) {
    throw wrongType(`${where}.argsOfEach`, "an array", argsOfEach);
  }
  const count = countFrom(1, `${where}.count`, group.count ?? argsOfEach?.length ?? 1, WORKERS_MAX);
  if (argsOfEach !== undefined && argsOfEach.length !== count) {
    throw outOfRange(`${where}.argsOfEach`, `one for each of the ${count} workers`, argsOfEach.length);
  }
  if (!PLACES.includes(runIn)) throw wrongType(`${where}.runIn`, `one of ${PLACES.join(", ")}`, runIn);
  if (isHome && runIn !== "in-process") {
    const what = `A buffer in ${transport} cannot be opened outside its process: ${where}.runIn must be in-process, got ${runIn}`;
    throw new BufferError("CAPABILITY_MISSING", what, { transport });
  }
  if (!Array.isArray(execArgv) || execArgv.some((arg) => typeof arg !== "string")) {
    throw wrongType(`${where}.execArgv`, "an array of strings", execArgv);
  }
  if (runIn === "in-process" && (heapBytesMax !== undefined || execArgv.length > 0)) {
    const what = heapBytesMax === undefined ? "execArgv" : "heapBytesMax";
    throw wrongType(`${where}.${what}`, "left out for workers in this process", group[what]);
  }
  const optional = (what: "idleMs" | "itemTimeoutMs") =>
    group[what] === undefined ? undefined : countFrom(1, `${where}.${what}`, group[what]);
  const job = {
    role,
    count,
    module: moduleUrl(where, group.module),
    batch: countFrom(1, `${where}.batch`, group.batch ?? 1),
    concurrency: countFrom(1, `${where}.concurrency`, group.concurrency ?? 1),
    leaseMs: countFrom(1, `${where}.leaseMs`, group.leaseMs ?? 30_000),
    idleMs: optional("idleMs"),
    itemTimeoutMs: optional("itemTimeoutMs"),
    values,
    runIn,
    heapBytesMax:
      heapBytesMax === undefined
        ? undefined
        : countFrom(HEAP_BYTES_MIN, `${where}.heapBytesMax`, heapBytesMax, Number.MAX_SAFE_INTEGER),
    execArgv,
  };
  const jobs = Array.from({ length: count }, (_, index): WorkerJob => {
    const args = cloned(where, argsOfEach === undefined ? group.args : argsOfEach[index]);
    return { ...job, name: `${name}-${(given.name === undefined ? before : 0) + index + 1}`, index, args };
  });
  return { jobs, restart: completeRestart(`${where}.restart`, group.restart) };
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
