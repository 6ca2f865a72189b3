// Goal: what a run tells is in the metrics, once, and nothing is left of it in them when it is over.
// Method: real runs over memory, a real meter provider, and the run's own report and events to compare with.

import { type Meter, metrics } from "@opentelemetry/api";
import { createBuffer, type RunEvent, run, sealWhenDone, startProducers } from "@sluice/core";
import { memoryTransport } from "@sluice/transport-memory";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { RUN_METRICS } from "../dist/index.js";
import { observeRun } from "../dist/opentelemetry.js";
import manifest from "../package.json" with { type: "json" };
import { collector, differences, sumOf, worker } from "./kit.js";

afterEach(() => metrics.disable());

const FULL = { "sluice.wait.because": "full" };

/** A plan over memory: two producers, two slow consumers, and one item that is refused once. */
function plan() {
  return {
    transport: memoryTransport(),
    create: { capacity: 2 },
    producers: { module: worker("count"), argsOfEach: [{ items: 5 }, { items: 4 }] },
    consumers: { module: worker("collect"), args: { everyMs: 30, refused: 4 } },
  };
}

test("what a run did is what its report and its events say", async () => {
  const { meter, collect } = collector();
  const running = run(plan());
  const waiting: RunEvent<"waiting">[] = [];
  const resumed: RunEvent<"resumed">[] = [];
  running.on("waiting", (event) => waiting.push(event));
  running.on("resumed", (event) => resumed.push(event));
  observeRun(running, { meter });
  const report = await running.report;
  expect(report.exitCode).toBe(0);

  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.produced)).toBe(9);
  expect(sumOf(collected, RUN_METRICS.consumed)).toBe(9);
  expect(sumOf(collected, RUN_METRICS.nacked)).toBe(1);
  for (const because of ["full", "empty"]) {
    const attributes = { "sluice.wait.because": because };
    const waits = waiting.filter((event) => event.because === because);
    const resumes = resumed.filter((event) => event.because === because);
    const seconds = resumes.reduce((sum, { waitedMs }) => sum + waitedMs / 1000, 0);
    const or0 = (value: number | undefined) => value ?? 0;
    expect(or0(sumOf(collected, RUN_METRICS.waits, attributes)), because).toBe(waits.length);
    expect(or0(sumOf(collected, RUN_METRICS.waitDuration, attributes)), because).toBe(resumes.length);
    expect(or0(sumOf(collected, RUN_METRICS.waitDuration, attributes, "sum"))).toBeCloseTo(seconds);
    expect(or0(sumOf(collected, RUN_METRICS.waiting, attributes)), because).toBe(0);
  }
  // Two producers before a buffer of two, with consumers that take 30 ms: they cannot but wait.
  expect(sumOf(collected, RUN_METRICS.waits, FULL)).toBeGreaterThan(0);
  expect(sumOf(collected, RUN_METRICS.workers)).toBe(0);
  expect(differences(collected, Object.values(RUN_METRICS))).toEqual([]);
});

test("workers are counted while they are alive, each in its role", async () => {
  const { meter, collect } = collector();
  const running = run(plan());
  observeRun(running, { meter });
  await new Promise((resolve) => running.on("started", resolve));
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.workers, { "sluice.role": "producer" })).toBe(2);
  expect(sumOf(collected, RUN_METRICS.workers, { "sluice.role": "consumer" })).toBe(1);
  await running.report;
  expect(sumOf(await collect(), RUN_METRICS.workers)).toBe(0);
});

test("runs into one meter are added up, and told apart by their attributes", async () => {
  const { meter, collect } = collector();
  const runs = [run(plan()), run(plan())];
  for (const [batch, running] of runs.entries()) observeRun(running, { meter, attributes: { batch } });
  await Promise.all(runs.map(({ report }) => report));
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.consumed)).toBe(18);
  expect(sumOf(collected, RUN_METRICS.consumed, { batch: 1 })).toBe(9);
  const without = collected.filter(({ attributes }) => !("batch" in attributes));
  expect(without, "metrics without the given attribute").toEqual([]);
});

/** A producer that is observed from its beginning, and has met the full buffer, which nobody empties. */
async function stuck(meter: Meter) {
  const buffer = await createBuffer<unknown>(memoryTransport(), { capacity: 2 });
  onTestFinished(() => buffer.destroy());
  const producers = startProducers(buffer, { module: worker("count"), args: { items: 3 } });
  const end = observeRun(producers, { meter });
  await new Promise((resolve) => producers.on("waiting", resolve));
  return { buffer, producers, end };
}

test("a wait is seen while it lasts: its duration comes too late", async () => {
  const { meter, collect } = collector();
  const { buffer, producers } = await stuck(meter);
  const during = await collect();
  expect(sumOf(during, RUN_METRICS.waiting, FULL)).toBe(1);
  expect(sumOf(during, RUN_METRICS.waits, FULL)).toBe(1);
  expect(sumOf(during, RUN_METRICS.waitDuration)).toBeUndefined();

  const consumer = await buffer.consumer();
  await consumer.take();
  await sealWhenDone(buffer, producers);
  const after = await collect();
  expect(sumOf(after, RUN_METRICS.waiting, FULL)).toBe(0);
  expect(sumOf(after, RUN_METRICS.waitDuration, FULL)).toBe(1);
  expect(sumOf(after, RUN_METRICS.produced)).toBe(3);
});

test("a worker that is killed while it waits does not wait for ever", async () => {
  const { meter, collect } = collector();
  const { producers } = await stuck(meter);
  producers.kill();
  await producers.done;
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.waiting, FULL)).toBe(0);
  expect(sumOf(collected, RUN_METRICS.workers)).toBe(0);
});

test("an observation that is ended takes back what is there now, and hears nothing more", async () => {
  const { meter, collect } = collector();
  const { buffer, producers, end } = await stuck(meter);
  expect(sumOf(await collect(), RUN_METRICS.workers)).toBe(1);
  end();
  end();
  const consumer = await buffer.consumer();
  await consumer.take();
  await producers.done;
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.workers)).toBe(0);
  expect(sumOf(collected, RUN_METRICS.waiting)).toBe(0);
  expect(sumOf(collected, RUN_METRICS.produced)).toBe(2);
  expect(sumOf(collected, RUN_METRICS.waitDuration)).toBeUndefined();
});

test("an observation that begins in the middle counts no worker below zero", async () => {
  const { meter, collect } = collector();
  const { buffer, producers } = await stuck(collector().meter);
  observeRun(producers, { meter });
  const consumer = await buffer.consumer();
  await consumer.take();
  await producers.done;
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.workers)).toBeUndefined();
  expect(sumOf(collected, RUN_METRICS.waiting)).toBeUndefined();
  expect(sumOf(collected, RUN_METRICS.waitDuration, FULL)).toBe(1);
});

test("without a meter the global provider's is used, under the package's name and version", async () => {
  const { provider, collect } = collector();
  metrics.setGlobalMeterProvider(provider);
  const running = run(plan());
  observeRun(running);
  await running.report;
  const collected = await collect();
  expect(sumOf(collected, RUN_METRICS.consumed)).toBe(9);
  expect(new Set(collected.map(({ scope }) => scope))).toEqual(
    new Set([`@sluice/metrics@${manifest.version}`]),
  );
});

test("an option that nobody knows is refused with the name that was meant", async () => {
  const { producers } = await stuck(collector().meter);
  expect(() => observeRun(producers, { metre: undefined } as object)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("`meter`") }),
  );
  producers.kill();
});
