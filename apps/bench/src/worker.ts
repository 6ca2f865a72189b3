/** A worker process: opens the buffer, says so, does its job after the go, reports, and ends. */

import { ArrivalLog } from "./arrivals.js";
import type { Candidate, Connection, PutEnd, TakeEnd } from "./candidate.js";
import { makeItem, readItem } from "./item.js";
import { type FromWorker, hostNowMs, type Job, type Report, type ToWorker } from "./worker-messages.js";

// The first round trips compile the code and find their places in memory; they are made, and not counted.
const WARM_UP_ROUND_TRIPS = 20;

type Act = () => Promise<Report>;

async function produce(end: PutEnd, { index, count, batch }: Job): Promise<Report> {
  const startedAt = hostNowMs();
  if (batch > 1 && end.putMany !== undefined) {
    for (let at = 0; at < count; at += batch) {
      const length = Math.min(batch, count - at);
      await end.putMany(Array.from({ length }, (_, i) => makeItem(index, at + i)));
    }
  } else {
    for (let number = 0; number < count; number++) await end.put(makeItem(index, number));
  }
  return { startedAt, endedAt: hostNowMs() };
}

async function consume(end: TakeEnd, { put, count, batch }: Job): Promise<Report> {
  const log = new ArrivalLog(put);
  const startedAt = hostNowMs();
  if (batch > 1 && end.takeMany !== undefined) {
    for (let left = count; left > 0; ) {
      const items = await end.takeMany(Math.min(batch, left));
      if (items.length === 0) throw new Error(`The end came with ${left} items still to take`);
      for (const item of items) log.add(item);
      left -= items.length;
    }
  } else {
    for (let left = count; left > 0; left--) log.add(await end.take());
  }
  return { startedAt, endedAt: hostNowMs(), arrivals: log.report() };
}

async function call(there: PutEnd, back: TakeEnd, { count }: Job): Promise<Report> {
  const startedAt = hostNowMs();
  const roundTripsMs: number[] = [];
  for (let number = -WARM_UP_ROUND_TRIPS; number < count; number++) {
    const item = makeItem(0, number + WARM_UP_ROUND_TRIPS);
    const sentAt = performance.now();
    await there.put(item);
    const answer = await back.take();
    if (number >= 0) roundTripsMs.push(performance.now() - sentAt);
    if (readItem(answer)?.number !== number + WARM_UP_ROUND_TRIPS)
      throw new Error(`Round trip ${number} brought another item`);
  }
  return { startedAt, endedAt: hostNowMs(), roundTripsMs };
}

async function echo(there: TakeEnd, back: PutEnd, { count }: Job): Promise<Report> {
  const startedAt = hostNowMs();
  for (let left = count + WARM_UP_ROUND_TRIPS; left > 0; left--) await back.put(await there.take());
  return { startedAt, endedAt: hostNowMs() };
}

async function prepare(job: Job, [first, second]: readonly Connection[]): Promise<Act> {
  if (first === undefined) throw new Error("A job needs a buffer");
  switch (job.role) {
    case "producer": {
      const end = await first.producer();
      return () => produce(end, job);
    }
    case "consumer": {
      const end = await first.consumer();
      return () => consume(end, job);
    }
    default: {
      if (second === undefined) throw new Error("A round trip needs two buffers");
      const [from, to] = job.role === "caller" ? [second, first] : [first, second];
      const [takeEnd, putEnd] = [await from.consumer(), await to.producer()];
      return job.role === "caller" ? () => call(putEnd, takeEnd, job) : () => echo(takeEnd, putEnd, job);
    }
  }
}

function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

function hear<K extends ToWorker["kind"]>(kind: K): Promise<Extract<ToWorker, { kind: K }>> {
  return new Promise((resolve) => {
    const listen = (message: ToWorker) => {
      if (message.kind !== kind) return;
      process.off("message", listen);
      resolve(message as Extract<ToWorker, { kind: K }>);
    };
    process.on("message", listen);
  });
}

// No orphan: a parent that is gone wants no result.
process.on("disconnect", () => process.exit(1));

try {
  const { job } = await hear("job");
  const { default: candidate } = (await import(job.module)) as { default: Candidate };
  const connections: Connection[] = [];
  for (const address of job.addresses) connections.push(await candidate.connect(address));
  const act = await prepare(job, connections);
  const go = hear("go");
  await say({ kind: "ready" });
  await go;
  const report = await act();
  const end = hear("end");
  await say({ kind: "done", report });
  await end;
  for (const connection of connections) await connection.close();
  process.exit(0);
} catch (error) {
  await say({
    kind: "failed",
    reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  });
  process.exit(1);
}
