// The same workers in threads, and in this process: behind the same plan, with the same account.
import { setTimeout as delay } from "node:timers/promises";
import { createBuffer, openBuffer, run, sealWhenDone, startConsumers, startProducers } from "@sluice/core";
import { describe, expect, test } from "vitest";
import {
  create,
  destroyAt,
  fileTransport,
  freshPath,
  inline,
  memoryTransport,
  pids,
  printed,
  unlessPaused,
  watch,
  worker,
} from "./harness.js";

describe.each(["thread", "in-process"] as const)("workers in a %s", (runIn) => {
  test("9 produced, 9 consumed, 0 remaining, in one process", async () => {
    const watched = watch({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: {
        module: worker("count"),
        argsOfEach: [
          { prefix: "a", items: 5 },
          { prefix: "b", items: 4 },
        ],
        runIn,
      },
      consumers: { module: worker("collect"), count: 2, args: { everyMs: 20 }, runIn },
    });
    const report = await watched.report;
    expect(report).toMatchObject({
      exitCode: 0,
      peak: 5,
      produced: 9,
      consumed: 9,
      remaining: 0,
      problems: [],
    });
    expect(new Set(pids(watched.events))).toEqual(new Set([runIn === "thread" ? process.pid : 0]));
    expect(report.timeInBufferMs?.max).toBeGreaterThan(0);
  });

  test("the first stop drains, the second gives back what is in hand", async () => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 }, runIn },
      consumers: { module: worker("collect"), args: { everyMs: 60_000 }, runIn },
    });
    await watched.until(({ kind }) => kind === "taken");
    watched.run.stop("SIGINT");
    await watched.until(({ kind }) => kind === "sealed");
    watched.run.stop("SIGINT");
    const report = await watched.report;
    expect(report).toMatchObject({ exitCode: 4, consumed: 0, lost: 0, problems: [] });
    expect(report.remaining).toBe(report.produced);
    await destroyAt(path);
  });
});

describe("a thread", () => {
  // For which leases are short: no thread is known to be dead before its leases run out.
  test.each(["exit 0", "exit 3", "uncaught"])("that ends by %s is started again", (how) =>
    unlessPaused(100, async () => {
      const path = freshPath();
      const watched = watch({
        transport: fileTransport({ path }),
        create,
        producers: { module: worker("count"), args: { prefix: "a", items: 3 } },
        consumers: { module: worker("crashing-consumer"), args: { how }, runIn: "thread", leaseMs: 300 },
      });
      const report = await watched.report;
      expect(report).toMatchObject({ exitCode: 0, consumed: 3, restarts: 2, lost: 0, problems: [] });
      const [failed] = watched.events.filter((event) => event.kind === "failed");
      const says = {
        "exit 0": "before its work was done",
        "exit 3": "code 3",
        uncaught: "nobody caught this",
      };
      expect(JSON.stringify(failed)).toContain(says[how as keyof typeof says]);
    }),
  );

  test("that blocks is ended by the third stop", async () => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 3 } },
      consumers: { module: worker("deadly"), args: { how: "blocks", items: ["a-1"] }, runIn: "thread" },
    });
    await watched.until(({ kind }) => kind === "sealed");
    const buffer = await openBuffer(fileTransport({ path }));
    // It blocks before it can tell that it has one.
    while ((await buffer.counts()).leased === 0) await delay(10);
    for (let n = 0; n < 3; n++) watched.run.stop("SIGINT");
    const report = await watched.report;
    expect(report.workers[1]).toMatchObject({ outcome: "killed", signal: "SIGKILL" });
    await buffer.destroy();
  });

  test("that wants more memory than it may have ends alone", async () => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
      consumers: { module: worker("greedy"), heapBytesMax: 32 * 2 ** 20, restart: "never", runIn: "thread" },
    });
    const report = await watched.report;
    expect(report).toMatchObject({ exitCode: 5, lost: 0, problems: [] });
    expect(report.workers[1]?.error?.message).toMatch(/memory/);
    await destroyAt(path);
  });

  /** By a handler in a thread, of one item. */
  async function printedBy(module: string): Promise<string> {
    const watched = watch({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
      consumers: { module, runIn: "thread" },
    });
    expect(await watched.report).toMatchObject({ exitCode: 0 });
    return printed(watched.events);
  }

  test("prints what it prints, to the last line", async () => {
    const module = inline(
      'export default () => { console.log("x".repeat(100_000)); console.error("last words"); }',
    );
    const text = await printedBy(module);
    expect(text).toContain("last words");
    expect(text.match(/x/g)).toHaveLength(100_000);
  });

  test("prints what its bytes say, however they are cut", async () => {
    const module = inline(`
      const bytes = Buffer.from("eight of them: ".padEnd(2 ** 16 - 1, ".") + "\u{1f6b0}".repeat(8));
      export default () => { for (let at = 0; at < bytes.length; at += 5) process.stdout.write(bytes.subarray(at, at + 5)); }`);
    expect(await printedBy(module)).toBe(
      `${"eight of them: ".padEnd(2 ** 16 - 1, ".")}${"\u{1f6b0}".repeat(8)}`,
    );
  });
});

test("values that cannot be cloned are left out of the events, and are no failure", async () => {
  const module = inline(`
    export const codec = { name: "numbers", encode: ({ n }) => Buffer.from([n]), decode: ([n]) => ({ n, say() {} }) };
    export default function*() { yield { n: 1, say() {} }; yield { n: 2, say() {} }; }`);
  const { codec } = await import(module);
  const watched = watch({
    transport: fileTransport({ path: freshPath() }),
    create: { ...create, codec },
    producers: { module, runIn: "thread" },
    values: true,
  });
  await watched.until(({ kind }) => kind === "sealed");
  watched.run.stop();
  watched.run.stop();
  const told = await watched.report;
  expect(told).toMatchObject({ exitCode: 4, produced: 2, restarts: 0, problems: [] });
  expect(told.workers[0]).toMatchObject({ outcome: "done", produced: 2 });
  for (const event of watched.events) expect(event, event.kind).not.toHaveProperty("values");
});

test.each(["process", "thread"] as const)(
  "a %s whose module ends its output is no failure",
  async (runIn) => {
    const module = inline(
      'export default function*() { yield 1; console.log("the last"); process.stdout.end(); }',
    );
    const watched = watch({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: { module, runIn },
      consumers: { module: worker("collect"), runIn: "in-process" },
    });
    expect(await watched.report).toMatchObject({ exitCode: 0, consumed: 1, restarts: 0 });
    expect(printed(watched.events)).toBe("the last\n");
  },
);

test.each(["process", "thread"] as const)(
  "a %s that prints without end, and awaits nothing, waits until it is heard: memory holds little of it",
  async (runIn) => {
    const mebibytes = 256;
    const module = inline(`
      const line = "x".repeat(8191);
      export default () => {
        for (let n = 0; n < ${mebibytes} * 128; n++) console.log(line);
        console.error("queued:", process.stdout.writableLength);
      };`);
    // Not watched: that keeps what is printed.
    const running = run({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
      consumers: { module, runIn },
    });
    let bytes = 0;
    let most = 0;
    let least = Number.POSITIVE_INFINITY;
    let errors = "";
    running.on("output", ({ stream, text }) => {
      if (stream === "stderr") errors += text;
      else bytes += text.length;
      const rss = process.memoryUsage.rss();
      least = Math.min(least, rss);
      most = Math.max(most, rss);
    });
    expect(await running.report).toMatchObject({ exitCode: 0, consumed: 1, restarts: 0 });
    expect(errors).toBe("queued: 0\n");
    expect(bytes).toBe(mebibytes * 2 ** 20);
    // Kept, it would be all that is printed, and more.
    expect((most - least) / 2 ** 20).toBeLessThan(mebibytes / 2);
  },
);

test("a buffer of one process has its workers there, and says so", async () => {
  const plan = (runIn: "process" | "thread") => ({
    transport: memoryTransport(),
    create: { capacity: 5 },
    producers: { module: worker("count"), args: { prefix: "a", items: 1 }, runIn },
  });
  for (const runIn of ["process", "thread"] as const) {
    await expect(watch(plan(runIn)).report).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
      message: expect.stringContaining(runIn),
    });
  }
});

test("groups alone: producers, consumers, and the seal when the producers are done", async () => {
  const path = freshPath();
  const buffer = await createBuffer(fileTransport({ path }), create);
  const consumers = startConsumers(buffer, { module: worker("collect"), count: 2 });
  const early = startProducers(buffer, {
    module: worker("count"),
    name: "early",
    args: { prefix: "a", items: 5 },
  });
  const late = startProducers(
    buffer,
    { module: worker("count"), name: "late", args: { prefix: "b", items: 4 }, runIn: "thread" },
    { values: true },
  );
  const values: unknown[] = [];
  late.on("produced", (event) => values.push(...(event.values ?? [])));
  await consumers.ready;
  expect(await sealWhenDone(buffer, early, late)).toBe(true);
  const reports = [await early.done, await late.done, await consumers.done].flat();
  expect(reports.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    "early-1 done",
    "late-1 done",
    "consumer-1 done",
    "consumer-2 done",
  ]);
  expect(values).toEqual(["b-1", "b-2", "b-3", "b-4"]);
  expect(await buffer.counts()).toMatchObject({ produced: 9, consumed: 9, sealed: true });
  await buffer.destroy();
});

test("a group that stops leaves the buffer to others", async () => {
  const path = freshPath();
  const buffer = await createBuffer(fileTransport({ path }), create);
  const producers = startProducers(buffer, { module: worker("count"), args: { prefix: "a", items: 1_000 } });
  await producers.ready;
  producers.stop();
  const [producer] = await producers.done;
  expect(producer).toMatchObject({ outcome: "stopped", role: "producer" });
  expect(await buffer.counts()).toMatchObject({ sealed: false, produced: producer?.produced });
  await buffer.destroy();
});

test("a worker in TypeScript runs where Node takes types away, and elsewhere says how", async () => {
  const { report } = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module: new URL("./workers/typed.ts", import.meta.url), args: { items: 3 } },
    consumers: { module: worker("collect") },
  });
  const told = await report;
  if ("typescript" in process.features && process.features.typescript) {
    expect(told).toMatchObject({ exitCode: 0, produced: 3, consumed: 3 });
  } else {
    expect(told).toMatchObject({ exitCode: 5, produced: 0 });
    expect(told.workers[0]?.error?.message).toMatch(/Node does not run TypeScript by itself.*tsx/);
  }
});

test("a worker in TypeScript runs in a process under tsx, on any Node", async () => {
  const { report } = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: {
      module: new URL("./workers/typed.ts", import.meta.url),
      args: { items: 3 },
      execArgv: ["--import", import.meta.resolve("tsx")],
    },
    consumers: { module: worker("collect") },
  });
  const told = await report;
  expect(told, told.workers[0]?.error?.message).toMatchObject({ exitCode: 0, produced: 3, consumed: 3 });
});

test("a producer whose source may never yield again leaves a sealed buffer all the same", async () => {
  const buffer = await createBuffer<number>(memoryTransport(), { capacity: 1 });
  const producers = startProducers(buffer, {
    // The third value is asked for while the second waits for room.
    module: inline("export default async function* () { yield 1; yield 2; await new Promise(() => {}); }"),
    batch: 3,
  });
  const waiting = new Promise((resolve) => producers.on("waiting", resolve));
  await waiting;
  await buffer.seal();
  expect(await producers.done).toMatchObject([{ outcome: "sealed", produced: 1 }]);
  await buffer.destroy();
});
