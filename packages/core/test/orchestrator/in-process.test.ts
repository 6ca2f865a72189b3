// Runs over memory: the workers are in this process, the steps and the report are the same as with processes.
import { lastLine, openBuffer, type RunEvent, reportText, run } from "@sluice/core";
import { expect, test } from "vitest";
import { inline, memoryTransport, unlessPaused, watch, worker } from "./harness.js";

const nineItems = {
  producers: {
    module: worker("count"),
    argsOfEach: [
      { prefix: "a", items: 5 },
      { prefix: "b", items: 4 },
    ],
  },
};

test("9 produced, 9 consumed, 0 remaining, and the steps in their order", async () => {
  const { events, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    ...nineItems,
    consumers: { module: worker("collect"), count: 2, args: { everyMs: 30 } },
    values: true,
  });
  const told = await report;
  expect(lastLine(told)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(told).toMatchObject({ exitCode: 0, produced: 9, consumed: 9, remaining: 0, lost: 0, unknown: 0 });
  expect(told).toMatchObject({ capacity: 5, peak: 5, sealed: true, drained: true, problems: [] });
  expect(told).not.toHaveProperty("kept");
  expect(told.workers.map(({ name, produced, outcome }) => [name, produced, outcome])).toEqual([
    ["producer-1", 5, "done"],
    ["producer-2", 4, "done"],
    ["consumer-1", 0, "done"],
    ["consumer-2", 0, "done"],
  ]);
  // Nobody hogs: at capacity 5 both consumers have had something.
  for (const { name, role, consumed } of told.workers) {
    if (role === "consumer") expect(consumed, name).toBeGreaterThan(0);
  }

  const firstOf = (kind: RunEvent["kind"]) => events.findIndex((event) => event.kind === kind);
  const lastOf = (kind: RunEvent["kind"]) => events.findLastIndex((event) => event.kind === kind);
  const steps = [
    firstOf("opened"),
    lastOf("spawned"),
    lastOf("ready"),
    firstOf("started"),
    firstOf("produced"),
  ];
  steps.push(
    lastOf("produced"),
    firstOf("sealed"),
    lastOf("consumed"),
    firstOf("drained"),
    firstOf("destroyed"),
  );
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps).not.toContain(-1);

  const put = events.flatMap((event) => (event.kind === "produced" ? (event.values ?? []) : []));
  const got = events.flatMap((event) => (event.kind === "consumed" ? (event.values ?? []) : []));
  expect([...put].sort()).toEqual(["a-1", "a-2", "a-3", "a-4", "a-5", "b-1", "b-2", "b-3", "b-4"]);
  expect([...got].sort()).toEqual([...put].sort());
});

test("a producer that meets the full buffer waits, is told of, and goes on", async () => {
  const { events, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 1 },
    producers: { module: worker("count"), args: { prefix: "a", items: 3 } },
    consumers: { module: worker("collect"), args: { everyMs: 60 } },
  });
  const { workers } = await report;
  const kinds = events.flatMap((event) =>
    "worker" in event &&
    event.worker === "producer-1" &&
    (event.kind === "waiting" || event.kind === "resumed")
      ? [`${event.kind} ${event.because}`]
      : [],
  );
  expect(kinds.slice(0, 2)).toEqual(["waiting full", "resumed full"]);
  expect(workers[0]).toMatchObject({ name: "producer-1", waits: 2 });
  expect(workers[0]?.waitedMs).toBeGreaterThan(0);
});

test("many items cost few events, and none is missing from the totals", async () => {
  const { events, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 64 },
    producers: { module: worker("count"), args: { prefix: "a", items: 5000 }, batch: 16 },
    consumers: { module: worker("collect"), count: 2, batch: 16 },
  });
  const told = await report;
  expect(told).toMatchObject({
    exitCode: 0,
    produced: 5000,
    consumed: 5000,
    totals: { produced: 5000, consumed: 5000 },
  });
  const produced = events.flatMap((event) => (event.kind === "produced" ? [event] : []));
  expect(produced.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  expect(produced.at(-1)?.total).toBe(5000);
  expect(produced.length).toBeLessThan(2500);
});

test("what a handler throws sends its item back, and in the end to the dead letters, and the buffer is kept", async () => {
  const transport = memoryTransport();
  const { events, report } = watch({
    transport,
    create: { capacity: 5, failuresMax: 3 },
    producers: { module: worker("count"), args: { prefix: "a", items: 4 } },
    consumers: { module: worker("poison") },
  });
  const told = await report;
  expect(lastLine(told)).toBe("4 produced, 3 consumed, 0 remaining, 1 dead");
  expect(told).toMatchObject({ exitCode: 0, drained: true, totals: { nacked: 3, redelivered: 2 } });
  expect(events.flatMap((event) => (event.kind === "nacked" ? [event.deliveries] : []))).toEqual([1, 2, 3]);
  expect(told.kept).toBeDefined();
  const buffer = await openBuffer<string>(transport);
  expect(await buffer.counts()).toMatchObject({ dead: 1, consumed: 3, sealed: true });
  await buffer.destroy();
});

test("an idle consumer stops by itself, and with the last of them the run", async () => {
  const { report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: worker("count"), args: { prefix: "a", items: 100, everyMs: 60_000 } },
    consumers: { module: worker("collect"), count: 2, idleMs: 50 },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 0, produced: 0, consumed: 0, endedBy: "no consumer is left" });
  expect(told.workers.map(({ outcome }) => outcome)).toEqual(["stopped", "idle", "idle"]);
});

test("the first stop drains", async () => {
  const { run, until, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: worker("count"), args: { prefix: "a", items: 1000 } },
    consumers: { module: worker("collect"), args: { everyMs: 20 } },
  });
  await until((event) => event.kind === "consumed");
  run.stop("SIGINT");
  const told = await report;
  expect(told).toMatchObject({ exitCode: 130, endedBy: "SIGINT", drained: true, remaining: 0 });
  expect(told.consumed).toBe(told.produced);
  expect(told.produced).toBeLessThan(1000);
});

test("the second stop gives back what is in hand, and the buffer is kept", async () => {
  const transport = memoryTransport();
  const { run, until, report } = watch({
    transport,
    create: { capacity: 5 },
    producers: { module: worker("count"), args: { prefix: "a", items: 1000 } },
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
  });
  await until((event) => event.kind === "waiting" && event.because === "full");
  run.stop("SIGINT");
  run.stop("SIGTERM");
  const told = await report;
  expect(told).toMatchObject({ exitCode: 4, produced: 5, consumed: 0, remaining: 5, drained: false });
  expect(told.workers.map(({ outcome }) => outcome)).toEqual(["stopped", "stopped"]);
  const buffer = await openBuffer(transport);
  expect(await buffer.counts()).toMatchObject({ ready: 5, leased: 0, sealed: true });
  await buffer.destroy();
});

test("a worker that does not stop is left behind, and the report says so", async () => {
  const { run, until, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: worker("count"), args: { prefix: "a", items: 2 } },
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
  });
  await until((event) => event.kind === "taken");
  for (let i = 0; i < 3; i++) run.stop();
  expect(await report).toMatchObject({ exitCode: 4, remaining: 2, workers: [{}, { outcome: "killed" }] });
});

test("the drain deadline ends a run whose consumers do not", async () => {
  const { report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    ...nineItems,
    producers: { module: worker("count"), args: { prefix: "a", items: 3 } },
    consumers: { module: worker("collect"), args: { everyMs: 60_000 } },
    drainDeadlineMs: 100,
  });
  expect(await report).toMatchObject({ exitCode: 4, remaining: 3, endedBy: "not drained within 100 ms" });
});

test("the plan's signal is a stop too", async () => {
  const controller = new AbortController();
  const { until, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 2 },
    producers: { module: worker("count"), args: { prefix: "a", items: 1000 } },
    consumers: { module: worker("collect"), args: { everyMs: 10 } },
    signal: controller.signal,
  });
  await until((event) => event.kind === "consumed");
  controller.abort();
  expect(await report).toMatchObject({ exitCode: 0, drained: true, endedBy: "its signal was aborted" });
  const late = watch({
    transport: memoryTransport(),
    create: { capacity: 2 },
    ...nineItems,
    consumers: { module: worker("collect") },
    signal: controller.signal,
  });
  expect(await late.report).toMatchObject({ exitCode: 0, produced: 0, drained: true });
});

test("a producer finds how far it had come when the plan is run again over the same buffer", async () => {
  const transport = memoryTransport();
  const producers = { module: worker("count"), args: { prefix: "a", items: 3 } };
  const first = await run({ transport, create: { capacity: 9 }, producers, drainDeadlineMs: 0 }).report;
  expect(first).toMatchObject({ exitCode: 4, produced: 3, remaining: 3 });
  // The buffer is sealed by then: what comes back finds it so, and has nothing more to put.
  const consumers = { module: worker("collect") };
  const { events, report } = watch({ transport, producers, consumers });
  expect(await report).toMatchObject({ exitCode: 0, produced: 0, consumed: 3, drained: true });
  expect(events).toContainEqual(
    expect.objectContaining({ kind: "ready", worker: "producer-1", lastSequence: 3 }),
  );
  // It was not this run's to destroy.
  const buffer = await openBuffer(transport);
  expect(await buffer.counts()).toMatchObject({ produced: 3, consumed: 3 });
  await buffer.destroy();
});

test("what cannot be loaded fails the run, and nothing is left", async () => {
  const transport = memoryTransport();
  const modules = {
    missing: new URL("./workers/nowhere.mjs", import.meta.url),
    "syntax error": inline("export default function* broken( {"),
    "no default export": inline("export const something = 1"),
    "throws at load": inline('throw new Error("this module does not want to be loaded")'),
    "a default that is no function": inline("export default 7"),
    "a close that is no function": inline("export default () => []; export const close = 7"),
  };
  for (const [what, module] of Object.entries(modules)) {
    const { events, report } = watch({
      transport,
      create: { capacity: 5 },
      ...nineItems,
      consumers: { module },
    });
    const told = await report;
    expect(told, what).toMatchObject({
      exitCode: 5,
      produced: 0,
      drained: true,
      endedBy: "consumer-1 failed",
    });
    expect(told.workers[2], what).toMatchObject({ outcome: "failed", error: { code: "WORKER_FAILED" } });
    expect(
      events.map(({ kind }) => kind),
      what,
    ).not.toContain("started");
    expect(reportText(told)).toContain("consumer-1  consumed 0, failed: ");
  }
});

test("what a worker throws is told, the rest is drained", async () => {
  const { report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: [
      { module: worker("crashing-producer"), args: { how: "throws" } },
      { module: worker("count"), args: { prefix: "a", items: 100_000 } },
    ],
    consumers: { module: worker("collect"), args: { everyMs: 1 } },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 5, drained: true, problems: [], endedBy: "producer-1 failed" });
  expect(told.workers[0]?.error?.message).toMatch(/^the source has dried up; it is not started again/);
  expect(told.workers[1]?.outcome).toBe("stopped");
  expect(told.consumed).toBe(told.produced);
});

test.each(["function*", "async function*"])(
  "what a %s yielded before it threw is in the buffer, however many are put together",
  async (kind) => {
    const module = inline(
      `export default ${kind}() { yield 1; yield 2; yield 3; throw new Error("no more"); }`,
    );
    const { report } = watch({
      transport: memoryTransport(),
      create: { capacity: 5 },
      producers: { module, batch: 5 },
      consumers: { module: worker("collect") },
    });
    const told = await report;
    expect(told).toMatchObject({ exitCode: 5, produced: 3, consumed: 3, problems: [] });
    expect(told.workers[0]?.error?.message).toMatch(/^no more/);
  },
);

test("a producer whose function returns no iterable fails", async () => {
  const { report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: inline("export default async () => 7") },
    consumers: { module: worker("collect") },
  });
  const { exitCode, workers } = await report;
  expect(exitCode).toBe(5);
  expect(workers[0]?.error?.message).toContain("to return an async generator");
});

test("a value that the codec cannot carry fails its producer, and is not in the buffer", async () => {
  const { report } = watch({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: inline("export default () => ['one', undefined]") },
    consumers: { module: worker("collect") },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 5, produced: 1, consumed: 1 });
  expect(told.workers[0]?.error).toMatchObject({ code: "ITEM_UNENCODABLE" });
});

test("a module brings its own codec, which has to be the buffer's", async () => {
  const { codec } = await import(worker("shout").href);
  const plan = {
    producers: { module: worker("shout") },
    consumers: { module: worker("shout") },
    values: true,
  };
  const { events, report } = watch({ transport: memoryTransport(), create: { capacity: 5, codec }, ...plan });
  expect(await report).toMatchObject({ exitCode: 0, consumed: 2 });
  const got = events.flatMap((event) => (event.kind === "consumed" ? (event.values ?? []) : []));
  expect(got.sort()).toEqual(["A", "B"]);

  const other = await run({ transport: memoryTransport(), create: { capacity: 5 }, ...plan }).report;
  expect(other.exitCode).toBe(5);
  expect(other.workers[0]?.error).toMatchObject({ code: "SETTINGS_MISMATCH" });
});

test("a lease is renewed while its handler runs", () =>
  unlessPaused(100, async () => {
    const { report } = watch({
      transport: memoryTransport(),
      create: { capacity: 5 },
      producers: { module: worker("count"), args: { prefix: "a", items: 2 } },
      consumers: { module: worker("collect"), count: 2, args: { everyMs: 1000 }, leaseMs: 300 },
    });
    expect(await report).toMatchObject({
      exitCode: 0,
      consumed: 2,
      totals: { redelivered: 0, leasesLost: 0 },
    });
  }));

test("several items at once in one worker, where the plan says so", async () => {
  const { events, report } = watch({
    transport: memoryTransport(),
    create: { capacity: 8 },
    producers: { module: worker("count"), args: { prefix: "a", items: 8 } },
    consumers: { module: worker("collect"), args: { everyMs: 100 }, concurrency: 4 },
  });
  expect(await report).toMatchObject({ exitCode: 0, consumed: 8 });
  let inHand = 0;
  let most = 0;
  for (const event of events) {
    if (event.kind === "taken") inHand += event.count;
    if (event.kind === "consumed") inHand -= event.count;
    most = Math.max(most, inHand);
  }
  expect(most).toBe(4);
});

test("events come as an iteration too, which ends with the run", async () => {
  const running = run({
    transport: memoryTransport(),
    create: { capacity: 5 },
    ...nineItems,
    consumers: { module: worker("collect"), count: 2 },
  });
  const kinds: string[] = [];
  for await (const event of running.events) kinds.push(event.kind);
  expect(kinds[0]).toBe("opened");
  expect(kinds.at(-1)).toBe("destroyed");
  expect((await running.report).exitCode).toBe(0);
  const late: string[] = [];
  for await (const event of running.events) late.push(event.kind);
  expect(late).toEqual([]);
});

test("a run that cannot begin rejects, and an iteration throws the same", async () => {
  const transport = memoryTransport();
  const plan = { transport, ...nineItems, consumers: { module: worker("collect") } };
  await expect(run(plan).report).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  const iterate = async () => {
    for await (const event of run(plan).events) throw new Error(`an event: ${event.kind}`);
  };
  await expect(iterate()).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
});

test("a run that was to stop before it could begin leaves no timer behind", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const { events, report } = watch({
    transport: memoryTransport(),
    ...nineItems,
    signal: AbortSignal.abort(),
  });
  await expect(report).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  expect(events).toMatchObject([{ kind: "stopping", level: "drain" }]);
  expect(timers()).toBeLessThanOrEqual(before);
});
