/** The demo's options as a plan for `run`. */

import { type BufferTransport, bytes, type RestartOptions, type RunPlan } from "@sluice/core";
import type { DemoOptions } from "./args.js";
import type { ConsumerArgs } from "./consumer.js";
import type { FoundBuffer } from "./found-buffer.js";
import { poisonAmong } from "./poison.js";
import type { ProducerArgs } from "./producer.js";
import { isStory } from "./tell.js";

// Where an item takes no time, several are moved at once; a consumer takes half of the buffer at most.
const BATCH_MAX = 64;
// Core's default: so often an item fails before it is dead.
const FAILURES_MAX = 5;
// Where consumers are killed on purpose an item is in many hands that die, and no poison; but what is, is to end as a dead letter in time.
const KILLED_FAILURES_MAX = 1000;
const KILLED_AND_POISON_FAILURES_MAX = 15;
// Core waits up to two seconds before it starts a worker again that crashes all the time. Where that is the point of the run, it is too long.
const RESTART_MS_MAX = 500;
// A worker that was killed is back by then, also on a machine that is busy.
const BACK_MS_MAX = 2000;
// A broker that starts again over its journal cannot see who has died meanwhile: what they held comes back with their leases.
const JOURNAL_LEASE_MS = 5000;
const DRAIN_MS_MIN = 30_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

const ALWAYS_AGAIN: RestartOptions = {
  policy: "on-crash",
  max: Number.POSITIVE_INFINITY,
  backoffMaxMs: RESTART_MS_MAX,
};

/** What the workers need that is there only in this run. */
export interface Around {
  readonly transport: BufferTransport;
  /** Where producers fetch lines. */
  readonly lines: string | undefined;
  /** Where consumers append to. */
  readonly output: string | undefined;
  /** What is there already. */
  readonly found: FoundBuffer | undefined;
}

/** Most lines that one producer asks for before they are in the buffer. */
export function producerBatch({ produceMs, capacity }: DemoOptions): number {
  return produceMs.max === 0 ? Math.min(capacity, BATCH_MAX) : 1;
}

function failuresMaxOf({ kill, poison }: DemoOptions): number {
  if (kill !== "consumer") return FAILURES_MAX;
  return poison > 0 ? KILLED_AND_POISON_FAILURES_MAX : KILLED_FAILURES_MAX;
}

export function planOf(options: DemoOptions, { transport, lines, output, found }: Around): RunPlan {
  const { items, consumers, produceMs, consumeMs, idleMs, seed, keep, poison, kill } = options;
  const capacity = found?.capacity ?? options.capacity;
  const each = (items: number): ProducerArgs => ({
    items,
    produceMs,
    seed,
    ...(lines === undefined ? {} : { lines }),
  });
  const args: ConsumerArgs = {
    consumeMs,
    seed,
    ...(output === undefined ? {} : { output }),
    ...(poison === 0 ? {} : { poison: poisonAmong(items, poison, seed) }),
  };
  const restart = options.restart ? { restart: ALWAYS_AGAIN } : {};
  // The last items in the buffer are to be consumed at their pace, however slow that is, and however often they fail.
  const isKilling = kill === "consumer";
  const failuresMax = failuresMaxOf(options);
  const tries = isKilling || poison > 0 ? Math.min(failuresMax, KILLED_AND_POISON_FAILURES_MAX) : 1;
  const tryMs = consumeMs.max + (isKilling ? BACK_MS_MAX : 0);
  const drainMs = 2 * Math.ceil(capacity / consumers) * tries * tryMs;
  return {
    transport,
    ...(found === undefined
      ? {
          create: {
            capacity,
            failuresMax,
            // All that is poison is to find its place there.
            ...(poison > capacity ? { deadLettersMax: poison } : {}),
            ...(lines === undefined ? {} : { codec: bytes }),
          },
        }
      : {}),
    ...(found?.sealed
      ? {}
      : {
          producers: {
            module: new URL("./producer.js", import.meta.url),
            argsOfEach: items.map(each),
            batch: producerBatch({ ...options, capacity }),
            ...restart,
          },
        }),
    consumers: {
      module: new URL("./consumer.js", import.meta.url),
      count: consumers,
      args,
      batch: consumeMs.max === 0 ? Math.min(Math.ceil(capacity / 2), BATCH_MAX) : 1,
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(options.journal === undefined ? {} : { leaseMs: JOURNAL_LEASE_MS }),
      ...restart,
    },
    drainDeadlineMs: Math.min(Math.max(DRAIN_MS_MIN, drainMs), TIMER_MS_MAX),
    values: isStory(options),
    keep,
  };
}
