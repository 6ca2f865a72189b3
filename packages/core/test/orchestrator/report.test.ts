// What a report says beyond the sums: of each worker, of a buffer that was found, of one that is kept.
import { createBuffer, openBuffer, type RunReport, reportText, run } from "@sluice/core";
import { expect, test } from "vitest";
import {
  create,
  destroyAt,
  fileTransport,
  freshPath,
  inline,
  memoryTransport,
  unlessPaused,
  watch,
  worker,
} from "./harness.js";

const producers = { module: worker("count"), args: { prefix: "a", items: 9 } };

test("how long items were in the buffer, and the waits, for each worker and in all", () =>
  unlessPaused(20, async () => {
    const { report } = watch({
      transport: memoryTransport(),
      create: { capacity: 2 },
      // Slower than one stamp in 5 ms: each item has its time.
      producers: { ...producers, args: { ...producers.args, everyMs: 10 } },
      consumers: [
        { module: worker("collect"), args: { everyMs: 40 } },
        { module: worker("collect"), args: { everyMs: 40 } },
      ],
    });
    const told = await report;
    const [producer, ...consumers] = told.workers;
    expect(producer).not.toHaveProperty("timeInBufferMs");
    for (const { name, timeInBufferMs: times } of consumers) {
      expect(times, name).toBeDefined();
      expect(times?.p50, name).toBeLessThanOrEqual(times?.p99 ?? 0);
      expect(times?.max, name).toBeGreaterThan(0);
    }
    // The longest of all is the longest of one of them.
    expect(told.timeInBufferMs?.max).toBe(Math.max(...consumers.map((one) => one.timeInBufferMs?.max ?? 0)));
    const sum = (what: "waits" | "waitedMs") => consumers.reduce((all, one) => all + one[what], 0);
    expect(told.waiting).toEqual({
      full: { waits: producer?.waits, waitedMs: producer?.waitedMs },
      empty: { waits: sum("waits"), waitedMs: sum("waitedMs") },
    });
    expect(told.waiting.full.waitedMs).toBeGreaterThan(0);
    expect(told.waiting.empty.waitedMs).toBeGreaterThan(0);
    const text = reportText(told);
    expect(text.match(/^consumer-\d .*, time in the buffer: median .*, 99 % within /gm)).toHaveLength(2);
    expect(text).toMatch(
      /^peak 2 of 2, .*, waited \d.* because full and \d.* because empty, time in the buffer: /m,
    );
  }));

test("what a run found in a buffer that it did not make; a sealed and drained one leaves nothing to do", async () => {
  const transport = memoryTransport();
  const first = await run({ transport, create: { capacity: 9 }, producers, drainDeadlineMs: 0 }).report;
  expect(first).not.toHaveProperty("found");
  const consumers = { module: worker("collect") };
  const second = await run({ transport, consumers }).report;
  expect(second).toMatchObject({ exitCode: 0, consumed: 9, found: { remaining: 9, sealed: true } });
  expect(reportText(second)).toContain(
    "taken up: 9 items were left to consume in the buffer, which is sealed",
  );
  const third = await run({ transport, producers, consumers }).report;
  expect(third).toMatchObject({ exitCode: 0, produced: 0, found: { remaining: 0, sealed: true } });
  expect(reportText(third)).toContain(
    "taken up: nothing was left to consume in the buffer, which is sealed: nothing more can be put\n",
  );
  await (await openBuffer(transport)).destroy();
});

test("a run that takes up dead letters tells of those that it does not show", async () => {
  const transport = memoryTransport();
  const create = { capacity: 12, failuresMax: 1 };
  const consumers = { module: inline('export default () => { throw new Error("bad"); }') };
  const items = { ...producers, args: { ...producers.args, items: 12 } };
  const first = await run({ transport, create, producers: items, consumers }).report;
  expect(first).toMatchObject({ dead: 12, drained: true });
  const second = await run({ transport, consumers }).report;
  expect(second).toMatchObject({ exitCode: 0, dead: 0 });
  for (const told of [first, second]) {
    const lines = reportText(told).split("\n");
    expect(lines.filter((line) => line.startsWith("dead letter: "))).toHaveLength(10);
    expect(lines).toContain("and 2 more dead letters");
  }
  await (await openBuffer(transport)).destroy();
});

test("where a buffer is kept, without what a URL says to its server alone", async () => {
  const path = freshPath();
  const buffer = await createBuffer<string>(fileTransport({ path }), create);
  await (await buffer.producer()).put("an item");
  const told = await run({
    transport: fileTransport({ path }),
    consumers: { module: worker("collect"), runIn: "in-process" },
  }).report;
  expect(reportText(told)).toContain(`the buffer is kept: file {"path":${JSON.stringify(path)}`);
  const place = { url: "redis://user:hunter2@host:6379/0?auth_token=hunter2&db=1", id: "1" };
  const elsewhere: RunReport = { ...told, kept: { module: "file:///adapter.js", transport: "redis", place } };
  expect(reportText(elsewhere)).toContain(
    'the buffer is kept: redis {"url":"redis://***@host:6379/0?auth_token=***&db=1","id":"1"}\n',
  );
  await buffer.close();
  await destroyAt(path);
});

test("a wait in the middle of which a worker was killed counts until then", async () => {
  const watched = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1, everyMs: 60_000 } },
    consumers: { module: worker("collect"), restart: "never" },
  });
  watched.run.on("waiting", ({ worker }) => watched.run.killWorker(worker));
  const told = await watched.report;
  expect(told).toMatchObject({ exitCode: 5, consumed: 0 });
  expect(told.workers[1]?.waitedMs).toBeGreaterThan(0);
  expect(told.waiting.empty.waitedMs).toBe(told.workers[1]?.waitedMs);
});

test("what a consumer acked and could not tell any more is counted", async () => {
  const path = freshPath();
  // All at once, so that the first are acked while the last has yet to end the process: before it can tell.
  const module = inline(`
    import { existsSync } from "node:fs";
    export default async (item, { args }) => {
      if (item !== "a-9" || existsSync(args.once)) return;
      const { writeFileSync } = await import("node:fs");
      writeFileSync(args.once, "");
      process.kill(process.pid, "SIGKILL");
    };`);
  const { report } = watch({
    transport: fileTransport({ path }),
    create: { ...create, capacity: 9 },
    producers: { ...producers, batch: 9 },
    consumers: { module, args: { once: `${path}-once` } },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 0, produced: 9, consumed: 9, restarts: 1, problems: [] });
  expect(told.totals.consumed + told.untold).toBe(9);
  const line = /^consumed, though no worker could tell of it: (\d)$/m.exec(reportText(told));
  expect(Number(line?.[1] ?? 0)).toBe(told.untold);
});
