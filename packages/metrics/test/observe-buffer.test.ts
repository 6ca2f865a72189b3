// Goal: a collection shows what the buffer counts at that moment, asks it once, and never fails because of it.
// Method: a real buffer over memory with items in every state, a real meter provider.

import { metrics } from "@opentelemetry/api";
import { BufferError, createBuffer, openBuffer } from "@sluice/core";
import { memoryTransport } from "@sluice/transport-memory";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { BUFFER_METRICS } from "../dist/index.js";
import { observeBuffer } from "../dist/opentelemetry.js";
import { collector, differences, valueOf } from "./kit.js";

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
  expect(counts, "what this test is about").toMatchObject({ ready: 3, leased: 2, parked: 1, dead: 1, consumed: 1 });

  const collected = await collect();
  const state = (is: string) => valueOf(collected, BUFFER_METRICS.usage, { "sluice.item.state": is });
  expect({ ready: state("ready"), leased: state("leased"), parked: state("parked") }).toEqual({
    ready: 3,
    leased: 2,
    parked: 1,
  });
  expect(valueOf(collected, BUFFER_METRICS.limit)).toBe(10);
  expect(valueOf(collected, BUFFER_METRICS.utilization)).toBe(0.6);
  expect(valueOf(collected, BUFFER_METRICS.dead)).toBe(1);
  expect(valueOf(collected, BUFFER_METRICS.produced)).toBe(8);
  expect(valueOf(collected, BUFFER_METRICS.consumed)).toBe(1);
  expect(valueOf(collected, BUFFER_METRICS.discarded)).toBe(0);
  const whose = { "sluice.buffer.name": "jobs", "sluice.buffer.transport": "memory", zone: "north" };
  for (const { name, attributes } of collected) expect(attributes, name).toMatchObject(whose);

  await buffer.seal({ discard: true });
  const discarded = valueOf(await collect(), BUFFER_METRICS.discarded);
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
  expect(valueOf(full, BUFFER_METRICS.utilization)).toBe(1);
  expect(valueOf(full, BUFFER_METRICS.waiting, of("producer"))).toBe(1);
  expect(valueOf(full, BUFFER_METRICS.waiting, of("consumer"))).toBe(0);

  const consumer = await buffer.consumer({ onWait: () => waits++ });
  await consumer.takeMany(3);
  await third;
  await consumer.takeMany(3);
  const next = consumer.take();
  while (waits === 1) await new Promise(setImmediate);
  const empty = await collect();
  expect(valueOf(empty, BUFFER_METRICS.utilization)).toBe(0);
  expect(valueOf(empty, BUFFER_METRICS.waiting, of("producer"))).toBe(0);
  expect(valueOf(empty, BUFFER_METRICS.waiting, of("consumer"))).toBe(1);
  expect(differences(empty, Object.values(BUFFER_METRICS))).toEqual([]);
  expect(new Set(empty.map(({ name }) => name))).toEqual(
    new Set(Object.values(BUFFER_METRICS).map(({ name }) => name)),
  );
  await producer.put(4);
  await next;
});

test("asks the buffer once a collection, and not in between", async () => {
  const { meter, collect } = collector();
  const buffer = await freshBuffer(2);
  let asked = 0;
  const counting = {
    spec: buffer.spec,
    transport: buffer.transport,
    counts() {
      asked++;
      return buffer.counts();
    },
  };
  observeBuffer(counting, { meter, name: "jobs" });
  const producer = await buffer.producer();
  await producer.put(1);
  expect(asked).toBe(0);
  await collect();
  await collect();
  expect(asked).toBe(2);
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
    valueOf(collected, BUFFER_METRICS.utilization, { "sluice.buffer.name": name });
  expect([utilization("one"), utilization("two")]).toEqual([0.5, 1]);
});

test("a buffer that does not answer costs its own values of that collection, and nothing else", async () => {
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
  const names = async () =>
    new Set((await collect()).map(({ attributes }) => attributes["sluice.buffer.name"]));
  expect(await names()).toEqual(new Set(["answering"]));
  isBusy = false;
  expect(await names(), "it is asked again the next time").toEqual(new Set(["answering", "silent"]));
});

test.each([
  ["BUFFER_DESTROYED", "the buffer is destroyed"],
  ["HANDLE_CLOSED", "the handle is closed"],
] as const)("%s: when %s the observation ends by itself", async (code, _when) => {
  const { meter, collect } = collector();
  const transport = memoryTransport();
  const buffer = await createBuffer<number>(transport, { capacity: 2 });
  const other = await openBuffer<number>(transport);
  let asked = 0;
  const observed = {
    spec: other.spec,
    transport: other.transport,
    counts() {
      asked++;
      return other.counts();
    },
  };
  observeBuffer(observed, { meter, name: "jobs" });
  expect(await collect()).not.toEqual([]);
  if (code === "HANDLE_CLOSED") await other.close();
  await buffer.destroy();
  await expect(other.counts()).rejects.toMatchObject({ code });
  expect(await collect()).toEqual([]);
  expect(await collect()).toEqual([]);
  expect(asked).toBe(2);
});

test("an observation that is ended has no values any more", async () => {
  const { meter, collect } = collector();
  const end = observeBuffer(await freshBuffer(2), { meter, name: "jobs" });
  expect(await collect()).not.toEqual([]);
  end();
  end();
  expect(await collect()).toEqual([]);
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
