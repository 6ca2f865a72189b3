/** A supervised group of workers on its own, for a program that does the rest of a run itself. */

import type { BoundedBuffer } from "../buffer.js";
import { countFrom } from "../buffer-spec.js";
import { ownOptions } from "../options.js";
import { untilNotBusy } from "../until-not-busy.js";
import { CrewGroup } from "./crew-group.js";
import { EventStream } from "./event-stream.js";
import type { Listen } from "./run-events.js";
import { type ConsumerGroup, groupOf, type WorkerGroup } from "./run-plan.js";
import { type WorkerReport, workerReport } from "./run-report.js";
import type { WorkerRole } from "./worker-messages.js";

/** A group at work. */
export interface Workers {
  /** Resolves when each of them is ready for the first time, or gone. They do not wait for each other. */
  readonly ready: Promise<void>;
  /** Resolves when all are gone for good, however they ended: to what each has done. Never rejects. */
  readonly done: Promise<readonly WorkerReport[]>;
  /** A listener that is added at once misses nothing. */
  readonly on: Listen;
  /** Asks them to end: producers put nothing more, consumers give back what they have in hand. Nobody is started again. */
  stop(): void;
  /** Ends them, as far as that can be done from outside. */
  kill(): void;
}

/** How long a worker may take to get ready, and whether events carry values; as in a plan. */
export interface WorkersOptions {
  /** Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Default false. */
  readonly values?: boolean;
}

/**
 * Starts producers around a buffer that is open, supervised as in a run. Nothing is sealed and nothing destroyed: see `sealWhenDone`.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for the group; BufferError `CAPABILITY_MISSING` for processes or threads around a
 * buffer that cannot be opened outside its process. Nothing is started then.
 */
export function startProducers(
  buffer: BoundedBuffer<unknown>,
  group: WorkerGroup,
  options?: WorkersOptions,
): Workers {
  return start("producer", buffer, group, options);
}

/** Starts consumers; as `startProducers`. They end when the buffer is drained. */
export function startConsumers(
  buffer: BoundedBuffer<unknown>,
  group: ConsumerGroup,
  options?: WorkersOptions,
): Workers {
  return start("consumer", buffer, group, options);
}

/**
 * Seals the buffer when all of these producers are gone for good, also where some have failed. Resolves to whether this call did it.
 * Rejects with the errors of `seal`.
 */
export async function sealWhenDone(
  buffer: BoundedBuffer<unknown>,
  ...producers: Workers[]
): Promise<boolean> {
  await Promise.all(producers.map(({ done }) => done));
  return await untilNotBusy(() => buffer.seal());
}

function start(
  role: WorkerRole,
  buffer: BoundedBuffer<unknown>,
  given: WorkerGroup,
  options: WorkersOptions | undefined,
): Workers {
  const { values = false, startTimeoutMs = 30_000 } = ownOptions("the options", options, [
    "values",
    "startTimeoutMs",
  ]);
  const { transport, capabilities } = buffer;
  const planned = groupOf(role, "the group", given, 0, { values, reach: capabilities.reach, transport });
  const events = new EventStream();
  const group = new CrewGroup(planned, {
    address: buffer.address,
    events,
    startTimeoutMs: countFrom(1, "`startTimeoutMs`", startTimeoutMs),
    onFailure: () => {},
  });
  group.go();
  const done = group.gone.then(() => {
    events.end();
    return group.members.map(workerReport);
  });
  return { ready: group.ready, done, on: events.listen, stop: () => group.stop(), kill: () => group.kill() };
}
