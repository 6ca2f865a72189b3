/** What a producer and a consumer do in a child process, all of it written down. */

import { setTimeout as sleep } from "node:timers/promises";
import { type BoundedBuffer, isBufferError, untilNotBusy } from "@sluice/core";
import { type Outcome, recordTo } from "@sluice/history-checker";
import { randomFrom } from "@sluice/history-checker/random";
import type { ConsumeJob, ProduceJob } from "./puppet-messages.js";

/** Goes on where the id stopped: what its last holder left open, `lastSequence` decides. */
export async function produce(
  buffer: BoundedBuffer<unknown>,
  job: ProduceJob,
  stop: AbortSignal,
): Promise<number> {
  const random = randomFrom(job.seed);
  const recorder = recordTo(job.folder, job.name);
  // Others may be stopped with a lock in their hands.
  const register = () => reached(job, () => buffer.producer({ id: job.id }));
  let producer = await register();
  let accepted = 0;
  for (let n = producer.lastSequence + 1; n <= job.items && !stop.aborted; ) {
    const value = `${job.id}-${n}`;
    const item = value.padEnd(job.itemLength ?? 0);
    const end = recorder.begin("put", { value });
    let outcome: Outcome;
    try {
      // Both ways in: a put that waits, and one that does not.
      const answer = random.chance(0.1)
        ? await producer.tryPut(item)
        : await producer.put(item).then(() => "accepted" as const);
      outcome = answer === "accepted" ? "ok" : answer;
    } catch (error) {
      outcome = outcomeOf(error, job);
    }
    end(outcome);
    if (outcome === "sealed") break;
    if (outcome === "ok") {
      accepted++;
      n++;
    } else if (outcome === "unknown") {
      producer = await register();
      n = producer.lastSequence + 1;
    }
    await pause(random.below(job.paceMs * 1000) / 1000);
  }
  recorder.close();
  return accepted;
}

export async function consume(buffer: BoundedBuffer<unknown>, job: ConsumeJob): Promise<number> {
  const random = randomFrom(job.seed);
  const recorder = recordTo(job.folder, job.name);
  const consumer = await reached(job, () => buffer.consumer());
  let finished = 0;
  for (;;) {
    // The authority's clock may be a coarser one.
    const end = recorder.begin(job.mode, job.mode === "lease" ? { leaseMs: job.leaseMs * 0.9 } : {});
    try {
      if (job.mode === "take") {
        const got = random.chance(0.1) ? await consumer.tryTake() : await consumer.take();
        if (got === "empty") end("empty");
        else if (got.done) {
          end("end");
          break;
        } else {
          end("ok", { value: nameOf(got.value) });
          finished++;
        }
        await pause(random.below(job.workMs * 1000) / 1000);
        continue;
      }
      const terms = { leaseMs: job.leaseMs };
      const got = random.chance(0.1) ? await consumer.tryLease(terms) : await consumer.lease(terms);
      if (got === "empty") {
        end("empty");
        continue;
      }
      if (got.done) {
        end("end");
        break;
      }
      const lease = got.value;
      const told = { value: nameOf(lease.value), deliveries: lease.deliveries };
      end("ok", told);
      await pause(random.below(job.workMs * 1000) / 1000);
      const kind = random.chance(0.9) ? "ack" : random.pick(["nack", "release"] as const);
      const settled = recorder.begin(kind, told);
      try {
        if (kind === "nack") await lease.nack({ reason: "again" });
        else await lease[kind]();
        settled("ok");
        if (kind === "ack") finished++;
      } catch (error) {
        settled(outcomeOf(error, job));
      }
    } catch (error) {
      end(outcomeOf(error, job));
      // Not again at once what has just failed at once.
      await pause(1);
    }
  }
  recorder.close();
  return finished;
}

/** Without what it was filled up with. */
function nameOf(item: unknown): string {
  return (item as string).trimEnd();
}

/** A fault that a run with kills and stops may meet; any other ends the process, loudly. */
function outcomeOf(error: unknown, { isRestarted }: Pick<ProduceJob, "isRestarted">): Outcome {
  if (!isBufferError(error)) throw error;
  if (error.code === "BUFFER_SEALED") return "sealed";
  if (error.code === "LEASE_LOST") return "lost";
  if (error.effect === "unknown") return "unknown";
  // Somebody was stopped while it held a lock, and our time for it ran out.
  if (error.code === "BUFFER_BUSY") return "none";
  if (isRestarted === true && error.code === "TRANSPORT_UNAVAILABLE") return "none";
  throw error;
}

/** Again and again while the medium is restarted: whoever started this process limits the time. */
async function reached<T>(
  { isRestarted }: Pick<ProduceJob, "isRestarted">,
  call: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await untilNotBusy(call);
    } catch (error) {
      if (isRestarted !== true || !isBufferError(error, "TRANSPORT_UNAVAILABLE")) throw error;
      await pause(20);
    }
  }
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}
