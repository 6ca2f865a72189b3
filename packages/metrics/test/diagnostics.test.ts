// Goal: subscribers get what happens, on the channel of its kind; where nobody subscribes nothing is made.
// Method: the real diagnostics_channel, a real run and real handles over memory.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createBuffer, type RunEvent, run } from "@sluice/core";
import { memoryTransport } from "@sluice/transport-memory";
import { expect, onTestFinished, test } from "vitest";
import {
  publishRun,
  type ResumeMessage,
  type RunEventSource,
  type RunMessage,
  type WaitMessage,
  waitHooks,
} from "../dist/diagnostics.js";
import { worker } from "./kit.js";

/** Collects what comes on a channel until the test is over. */
function messagesOf<M>(channel: string): M[] {
  const messages: M[] = [];
  const hear = (message: unknown) => void messages.push(message as M);
  subscribe(channel, hear);
  onTestFinished(() => void unsubscribe(channel, hear));
  return messages;
}

function aRun() {
  return run({
    transport: memoryTransport(),
    create: { capacity: 2 },
    producers: { module: worker("count"), args: { items: 6 } },
    consumers: { module: worker("collect"), args: { everyMs: 30 } },
  });
}

test("every event of a run comes on the channel of its kind, and nowhere else", async () => {
  const running = aRun();
  const events: RunEvent[] = [];
  running.on("*", (event) => events.push(event));
  publishRun(running);
  const kinds = [
    "opened",
    "spawned",
    "produced",
    "waiting",
    "resumed",
    "consumed",
    "sealed",
    "destroyed",
  ] as const;
  const heard = kinds.map((kind) => messagesOf<RunMessage>(`sluice:run:${kind}`));
  await running.report;
  for (const [n, kind] of kinds.entries()) {
    const expected = events.filter((event) => event.kind === kind);
    expect(expected.length, `events of kind ${kind}`).toBeGreaterThan(0);
    expect(
      heard[n]?.map(({ event }) => event),
      kind,
    ).toEqual(expected);
  }
});

test("runs of one process are told apart", async () => {
  const ended = messagesOf<RunMessage<"drained">>("sluice:run:drained");
  const runs = [aRun(), aRun()];
  for (const running of runs) publishRun(running);
  await Promise.all(runs.map(({ report }) => report));
  expect(new Set(ended.map((message) => message.run))).toEqual(new Set(runs));
});

test("ended, it publishes nothing more", async () => {
  const running = aRun();
  const produced = messagesOf("sluice:run:produced");
  const opened = messagesOf("sluice:run:opened");
  const end = publishRun(running);
  running.on("started", () => end());
  await running.report;
  expect(opened).toHaveLength(1);
  expect(produced).toEqual([]);
});

test("a subscriber that throws does the run no harm, and the others are told", async () => {
  const uncaught: unknown[] = [];
  // Vitest's own listeners would make a failed run of it.
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of others) process.on("uncaughtException", listener);
  });
  const hear = () => {
    throw new Error("a subscriber's own fault");
  };
  subscribe("sluice:run:sealed", hear);
  onTestFinished(() => void unsubscribe("sluice:run:sealed", hear));
  const sealed = messagesOf("sluice:run:sealed");
  const running = aRun();
  publishRun(running);
  expect((await running.report).exitCode).toBe(0);
  expect(sealed).toHaveLength(1);
  expect(uncaught).toEqual([expect.objectContaining({ message: "a subscriber's own fault" })]);
});

test("an event that nobody subscribes to costs no memory", () => {
  let listener: (event: RunEvent) => void = () => {};
  const source: RunEventSource = {
    on: (_kind: string, given: (event: never) => void) => {
      listener = given as typeof listener;
      return () => {};
    },
  };
  publishRun(source);
  const event: RunEvent = { kind: "consumed", at: 0, worker: "consumer-1", count: 1, total: 1 };
  const { onWait, onResume } = waitHooks("jobs").producer;
  const times = 50_000;
  const bytesOfEach = () => {
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < times; n++) {
      listener(event);
      onWait();
      onResume(n);
    }
    return (process.memoryUsage().heapUsed - before) / times;
  };
  for (let n = 0; n < 20; n++) bytesOfEach(); // compiled
  // A round in which garbage was collected, or something else was compiled at last, says nothing, and most have neither. An object has
  // 16 bytes or more, in each of them.
  const rounds = Array.from({ length: 11 }, bytesOfEach).sort((a, b) => a - b);
  expect(rounds[5], `bytes of heap for each event: ${rounds}`).toBeLessThan(8);
});

test("handles outside of runs tell that they wait, and for how long", async () => {
  const waits = messagesOf<WaitMessage>("sluice:wait");
  const resumes = messagesOf<ResumeMessage>("sluice:resume");
  const buffer = await createBuffer<number>(memoryTransport(), { capacity: 1 });
  onTestFinished(() => buffer.destroy());
  const hooks = waitHooks("jobs");
  const producer = await buffer.producer({ ...hooks.producer, id: "p" });
  const consumer = await buffer.consumer(hooks.consumer);

  const taken = consumer.take();
  while (waits.length === 0) await new Promise(setImmediate);
  expect(waits).toEqual([{ name: "jobs", because: "empty" }]);
  expect(resumes).toEqual([]);
  await producer.put(1);
  await taken;
  expect(resumes).toEqual([{ name: "jobs", because: "empty", waitedMs: expect.any(Number) }]);

  await producer.put(2);
  const put = producer.put(3);
  while (waits.length === 1) await new Promise(setImmediate);
  expect(waits[1]).toEqual({ name: "jobs", because: "full" });
  await consumer.take();
  await put;
  expect(resumes[1]).toEqual({ name: "jobs", because: "full", waitedMs: expect.any(Number) });
  expect(resumes[1]?.waitedMs).toBeGreaterThanOrEqual(0);
});
