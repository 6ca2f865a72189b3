// Goal: a collection shows what the buffer counts at that moment, asks it once, and never fails because of it.
// Method: a real buffer over memory with items in every state, a real meter provider.

import { metrics } from "@opentelemetry/api";
import { BufferError, createBuffer, openBuffer } from "@sluice/core";
import { memoryTransport } from "@sluice/transport-memory";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { BUFFER_METRICS } from "../dist/index.js";
import { type ObservedBuffer, observeBuffer } from "../dist/opentelemetry.js";
import { collector, differences, sumOf } from "./kit.js";

afterEach(() => metrics.disable());

async function freshBuffer(capacity: number, more: object = {}) {
  const buffer = await createBuffer<number>(memoryTransport(), { capacity, ...more });
  onTestFinished(() => buffer.destroy());
  return buffer;
}

test("shows every state an item can be in, and how full the buffer is", async () => {
  const { meter, collect } = collector();
  const buffer = await freshBuffer(10, { deadLettersMax: 1 });
  observeBuffer(buffer, { meter, name: "jobs", attributes: { zone: "north" } });
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  await producer.putMany([1, 2, 3, 4, 5, 6, 7, 8]);
  const leases = await consumer.leaseMany(5);
  await leases[0]?.ack();
  await leases[1]?.bury("a dead letter");
  await leases[2]?.bury("parked: the list is full");
  const counts = await buffer.counts();
  expect(counts, "what this test is about").toMatchObject({
    ready: 3,
    leased: 2,
    parked: 1,
    dead: 1,
    consumed: 1,
  });

  const collected = await collect();
  const state = (is: string) => sumOf(collected, BUFFER_METRICS.usage, { "sluice.item.state": is });
  expect({ ready: state("ready"), leased: state("leased"), parked: state("parked") }).toEqual({
    ready: 3,
    leased: 2,
    parked: 1,
  });
  expect(sumOf(collected, BUFFER_METRICS.limit)).toBe(10);
  expect(sumOf(collected, BUFFER_METRICS.utilization)).toBe(0.6);
  expect(sumOf(collected, BUFFER_METRICS.dead)).toBe(1);
  expect(sumOf(collected, BUFFER_METRICS.produced)).toBe(8);
  expect(sumOf(collected, BUFFER_METRICS.consumed)).toBe(1);
  expect(sumOf(collected, BUFFER_METRICS.discarded)).toBe(0);
  const whose = { "sluice.buffer.name": "jobs", "sluice.buffer.transport": "memory", zone: "north" };
  for (const { name, attributes } of collected) expect(attributes, name).toMatchObject(whose);

  await buffer.seal({ discard: true });
  const discarded = sumOf(await collect(), BUFFER_METRICS.discarded);
  expect(discarded).toBe((await buffer.counts()).discarded);
  expect(discarded).toBeGreaterThan(0);
});

test("a full buffer has a utilization of 1, and who waits for room is counted", async () => {
  const { meter, collect } = collector();
  const buffer = await freshBuffer(2);
  observeBuffer(buffer, { meter, name: "jobs" });
  const of = (role: string) => ({ "sluice.role": role });
  let waits = 0;
  const producer = await buffer.producer({ onWait: () => waits++ });
  await producer.putMany([1, 2]);
  const third = producer.put(3);
  while (waits === 0) await new Promise(setImmediate);
  const full = await collect();
  expect(sumOf(full, BUFFER_METRICS.utilization)).toBe(1);
  expect(sumOf(full, BUFFER_METRICS.waiters, of("producer"))).toBe(1);
  expect(sumOf(full, BUFFER_METRICS.waiters, of("consumer"))).toBe(0);

  const consumer = await buffer.consumer({ onWait: () => waits++ });
  await consumer.takeMany(3);
  await third;
  await consumer.takeMany(3);
  const next = consumer.take();
  while (waits === 1) await new Promise(setImmediate);
  const empty = await collect();
  expect(sumOf(empty, BUFFER_METRICS.utilization)).toBe(0);
  expect(sumOf(empty, BUFFER_METRICS.waiters, of("producer"))).toBe(0);
  expect(sumOf(empty, BUFFER_METRICS.waiters, of("consumer"))).toBe(1);
  expect(differences(empty, Object.values(BUFFER_METRICS))).toEqual([]);
  await producer.put(4);
  await next;
});

/** A buffer as it is observed, and how often it was asked for counts. */
function counting(buffer: ObservedBuffer) {
  let asked = 0;
  const observed: ObservedBuffer = {
    spec: buffer.spec,
    transport: buffer.transport,
    counts() {
      asked++;
      return buffer.counts();
    },
  };
  return { observed, asked: () => asked };
}

test("asks the buffer once a collection, and not in between", async () => {
  const { meter, collect } = collector();
  const buffer = await freshBuffer(2);
  const { observed, asked } = counting(buffer);
  observeBuffer(observed, { meter, name: "jobs" });
  const producer = await buffer.producer();
  await producer.put(1);
  expect(asked()).toBe(0);
  await collect();
  await collect();
  expect(asked()).toBe(2);
});

test("buffers in one meter are told apart by their names", async () => {
  const { meter, collect } = collector();
  for (const [name, items] of [
    ["one", 1],
    ["two", 2],
  ] as const) {
    const buffer = await freshBuffer(2);
    await (await buffer.producer()).putMany([1, 2].slice(0, items));
    observeBuffer(buffer, { meter, name });
  }
  const collected = await collect();
  const utilization = (name: string) =>
    sumOf(collected, BUFFER_METRICS.utilization, { "sluice.buffer.name": name });
  expect([utilization("one"), utilization("two")]).toEqual([0.5, 1]);
});

test("a buffer that does not answer is counted, and costs that collection nothing else", async () => {
  const { meter, collect } = collector();
  const answering = await freshBuffer(2);
  observeBuffer(answering, { meter, name: "answering" });
  let isBusy = true;
  const silent = {
    spec: answering.spec,
    transport: "scripted",
    async counts() {
      if (isBusy) throw new BufferError("BUFFER_BUSY", "The lock is held by a stopped process");
      return answering.counts();
    },
  };
  observeBuffer(silent, { meter, name: "silent" });
  const failures = { "sluice.buffer.name": "silent", "error.type": "BUFFER_BUSY" };
  const named = async (name: string) =>
    (await collect()).filter(({ attributes }) => attributes["sluice.buffer.name"] === name);

  expect(sumOf(await named("answering"), BUFFER_METRICS.limit)).toBe(2);
  const collected = await named("silent");
  expect(sumOf(collected, BUFFER_METRICS.failures, failures)).toBeGreaterThan(0);
  expect(sumOf(collected, BUFFER_METRICS.limit)).toBeUndefined();
  expect(differences(collected, Object.values(BUFFER_METRICS))).toEqual([]);
  isBusy = false;
  expect(sumOf(await named("silent"), BUFFER_METRICS.limit), "it is asked again").toBe(2);
});

/** A handle of a buffer that is full, by which it is not destroyed, and how often that was asked for counts. */
async function fullBuffer() {
  const transport = memoryTransport();
  const buffer = await createBuffer<number>(transport, { capacity: 2 });
  await (await buffer.producer()).putMany([1, 2]);
  const handle = await openBuffer<number>(transport);
  onTestFinished(() => buffer.destroy());
  return { buffer, handle, ...counting(handle) };
}

const ends = {
  "the buffer is destroyed": ({ buffer }) => buffer.destroy(),
  "the handle is closed": ({ handle }) => handle.close(),
  "it is told to": (_buffer, end) => end(),
} satisfies Record<string, (of: Awaited<ReturnType<typeof fullBuffer>>, end: () => void) => unknown>;

// A reader with cumulative temporality goes on showing the last value, which would be an alarm for ever.
test.each(Object.entries(ends))(
  "ends when %s: nothing is there, and nobody is asked again",
  async (_when, bringAbout) => {
    const { meter, collect } = collector();
    const full = await fullBuffer();
    const end = observeBuffer(full.observed, { meter, name: "jobs" });
    expect(sumOf(await collect(), BUFFER_METRICS.utilization)).toBe(1);
    await bringAbout(full, end);
    await collect();
    const asked = full.asked();
    const collected = await collect();
    expect(full.asked()).toBe(asked);
    for (const metric of ["usage", "limit", "utilization", "waiters", "dead"] as const)
      expect(sumOf(collected, BUFFER_METRICS[metric]), metric).toBe(0);
    expect(sumOf(collected, BUFFER_METRICS.produced), "what has ever been").toBe(2);
    expect(sumOf(collected, BUFFER_METRICS.failures)).toBeUndefined();
    end();
    end();
  },
);

test("ended while a collection waits for the answer, it does not show it", async () => {
  const { meter, collect } = collector();
  const full = await fullBuffer();
  const end = observeBuffer(full.observed, { meter, name: "jobs" });
  await collect();
  const collecting = collect();
  end();
  expect(sumOf(await collecting, BUFFER_METRICS.utilization)).toBe(0);
});

test("ended before any collection it never shows", async () => {
  const { meter, collect } = collector();
  const full = await fullBuffer();
  observeBuffer(full.observed, { meter, name: "jobs" })();
  expect(await collect()).toEqual([]);
  expect(full.asked()).toBe(0);
});

test("without a meter the global provider's is used", async () => {
  const { provider, collect } = collector();
  metrics.setGlobalMeterProvider(provider);
  observeBuffer(await freshBuffer(2), { name: "jobs" });
  const [first] = await collect();
  expect(first?.scope).toMatch(/^@sluice\/metrics@\d/);
});

test.each([
  ["no options", undefined, "`name`"],
  ["an empty name", { name: "" }, "`name`"],
  ["an option that nobody knows", { name: "jobs", atributes: {} }, "`attributes`"],
])("refuses %s", async (_what, options, expected) => {
  const { meter } = collector();
  const buffer = await freshBuffer(2);
  const given = options === undefined ? undefined : { meter, ...options };
  metrics.disable();
  expect(() => observeBuffer(buffer, given as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(expected) }),
  );
});
