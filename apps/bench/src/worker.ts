/** A worker process in JavaScript: opens the buffer, says so, does its job after the go, reports, and ends. */

import { createInterface } from "node:readline";
import { ArrivalLog } from "./arrivals.js";
import { type Connection, itemIn, type NodeCandidate, type PutEnd, type TakeEnd } from "./candidate.js";
import { itemMaker, readItem } from "./item.js";
import {
  type FromWorker,
  hostNowMs,
  type Job,
  type Report,
  type ToWorker,
  WARM_UP_ROUND_TRIPS,
} from "./worker-messages.js";

type Act = () => Promise<Report>;

const PROGRESS_MS = 5;

// So many calls under way at once, and the next one as soon as any is done: what is at hand starts it.
function underway(outstanding: number, act: () => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: outstanding }, act));
}

async function produce(end: PutEnd, { index, put, batch, itemBytes, outstanding }: Job): Promise<Report> {
  const makeItem = itemMaker(index, itemBytes);
  const count = put[index] as number;
  const startedAt = hostNowMs();
  if (batch > 1 && end.putMany !== undefined) {
    for (let at = 0; at < count; at += batch) {
      const items: Uint8Array[] = [];
      for (let number = at; number < Math.min(at + batch, count); number++) items.push(makeItem(number));
      const putting = end.putMany(items);
      const accepted = putting instanceof Promise ? await putting : putting;
      if (accepted !== undefined && accepted !== items.length)
        throw new Error(`${accepted} of ${items.length} items were accepted`);
    }
  } else {
    let number = 0;
    await underway(outstanding, async () => {
      while (number < count) {
        const putting = end.put(makeItem(number++));
        if (putting instanceof Promise) await putting;
      }
    });
  }
  return { startedAt, endedAt: hostNowMs() };
}

async function consume(end: TakeEnd, job: Job, count: number): Promise<Report> {
  const { put, batch, itemBytes, outstanding } = job;
  const log = new ArrivalLog(put, itemBytes);
  const startedAt = hostNowMs();
  if (batch > 1 && end.takeMany !== undefined) {
    for (let left = count; left > 0; ) {
      const taking = end.takeMany(Math.min(batch, left));
      const items = taking instanceof Promise ? await taking : taking;
      if (items.length === 0) throw new Error(`The end came with ${left} items still to take`);
      for (const item of items) log.add(item);
      left -= items.length;
    }
  } else {
    let left = count;
    await underway(outstanding, async () => {
      while (left > 0) {
        left -= 1;
        const taking = end.take();
        log.add(itemIn(taking instanceof Promise ? await taking : taking));
      }
    });
  }
  return { startedAt, endedAt: hostNowMs(), arrivals: log.report() };
}

// One at a time, until the parent has counted all items: what the others got is known to the parent alone.
async function consumeUntilStopped(end: TakeEnd, { put, itemBytes }: Job): Promise<Report> {
  const log = new ArrivalLog(put, itemBytes);
  const startedAt = hostNowMs();
  const clockOffsetMs = startedAt - performance.now();
  let lastAt = performance.now();
  let isStopped = false;
  const takeAll = async () => {
    while (!isStopped) {
      log.add(itemIn(await end.take()));
      lastAt = performance.now();
    }
  };
  let told = 0;
  const timer = setInterval(() => {
    if (log.count !== told) void say({ kind: "progress", count: log.count });
    told = log.count;
  }, PROGRESS_MS);
  await Promise.race([takeAll(), hear("stop")]);
  isStopped = true;
  clearInterval(timer);
  return { startedAt, endedAt: clockOffsetMs + lastAt, arrivals: log.report() };
}

async function call(there: PutEnd, back: TakeEnd, job: Job, count: number): Promise<Report> {
  const makeItem = itemMaker(0, job.itemBytes);
  const startedAt = hostNowMs();
  const roundTripsMs: number[] = [];
  for (let number = -WARM_UP_ROUND_TRIPS; number < count; number++) {
    const item = makeItem(number + WARM_UP_ROUND_TRIPS);
    const sentAt = performance.now();
    const putting = there.put(item);
    if (putting instanceof Promise) await putting;
    const taking = back.take();
    const answer = itemIn(taking instanceof Promise ? await taking : taking);
    if (number >= 0) roundTripsMs.push(performance.now() - sentAt);
    if (readItem(answer, job.itemBytes)?.number !== number + WARM_UP_ROUND_TRIPS)
      throw new Error(`Round trip ${number} brought another item`);
  }
  return { startedAt, endedAt: hostNowMs(), roundTripsMs };
}

async function echo(there: TakeEnd, back: PutEnd, count: number): Promise<Report> {
  const startedAt = hostNowMs();
  for (let left = count + WARM_UP_ROUND_TRIPS; left > 0; left--) {
    const taking = there.take();
    const putting = back.put(itemIn(taking instanceof Promise ? await taking : taking));
    if (putting instanceof Promise) await putting;
  }
  return { startedAt, endedAt: hostNowMs() };
}

async function prepare(job: Job, [first, second]: readonly Connection[]): Promise<Act> {
  if (first === undefined) throw new Error("A job needs a buffer");
  const { role, count } = job;
  if (role === "producer") {
    const end = await first.producer();
    return () => produce(end, job);
  }
  if (role === "consumer") {
    const end = await first.consumer();
    return count === null ? () => consumeUntilStopped(end, job) : () => consume(end, job, count);
  }
  if (second === undefined || count === null) throw new Error("A round trip needs two buffers and a count");
  const [from, to] = role === "caller" ? [second, first] : [first, second];
  const [takeEnd, putEnd] = [await from.consumer(), await to.producer()];
  return role === "caller" ? () => call(putEnd, takeEnd, job, count) : () => echo(takeEnd, putEnd, count);
}

function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
  });
}

const lines = createInterface({ input: process.stdin });

function hear<K extends ToWorker["kind"]>(kind: K): Promise<Extract<ToWorker, { kind: K }>> {
  return new Promise((resolve) => {
    const listen = (line: string) => {
      const message = JSON.parse(line) as ToWorker;
      if (message.kind !== kind) return;
      lines.off("line", listen);
      resolve(message as Extract<ToWorker, { kind: K }>);
    };
    lines.on("line", listen);
  });
}

// No orphan: a parent that is gone wants no result.
lines.on("close", () => process.exit(1));

try {
  const { job } = await hear("job");
  const { default: candidate } = (await import(job.module)) as { default: NodeCandidate };
  const connections: Connection[] = [];
  for (const address of job.addresses) connections.push(await candidate.connect(address, job));
  const act = await prepare(job, connections);
  const go = hear("go");
  await say({ kind: "ready" });
  await go;
  const report = await act();
  const end = hear("end");
  await say({ kind: "done", report });
  await end;
  for (const connection of connections) await connection.close();
  await say({ kind: "closed" });
  process.exit(0);
} catch (error) {
  await say({
    kind: "failed",
    reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  });
  process.exit(1);
}
