// Workers under supervision, over a file: what is started again, how often, and what it costs the items.
import { writeFileSync } from "node:fs";
import type { RestartOptions, RunEvent } from "@sluice/core";
import { expect, test } from "vitest";
import {
  create,
  destroyAt,
  fileTransport,
  freshPath,
  inline,
  isAlive,
  pids,
  randomFrom,
  seedFromEnvironment,
  until,
  watch,
  worker,
} from "./harness.js";

function valuesOf(events: readonly RunEvent[], kind: "produced" | "consumed"): unknown[] {
  return events.flatMap((event) => (event.kind === kind ? (event.values ?? []) : []));
}

const failures = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.kind === "failed" ? [event] : []));

test.each(["exit 0", "exit 3", "SIGKILL", "uncaught"])(
  "a consumer that ends by %s is started again, and its item is handed out again",
  async (how) => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 6 } },
      consumers: { module: worker("crashing-consumer"), args: { how }, restart: { withinMs: 600_000 } },
      values: true,
    });
    const report = await watched.report;
    // Each life of it has one item done, and the second in hand: five lives for six items, but for the budget of three restarts.
    expect(report.workers[1]).toMatchObject({ outcome: "failed", restarts: 3 });
    expect(report.workers[1]?.error?.message).toMatch(/its group was 3 times within 600000 ms/);
    expect(failures(watched.events).map(({ restartInMs }) => restartInMs)).toEqual([
      100,
      200,
      400,
      undefined,
    ]);
    expect(report).toMatchObject({ exitCode: 5, restarts: 3, lost: 0, problems: [] });
    expect(report.totals.redelivered).toBe(3);
    expect(pids(watched.events).filter(isAlive)).toEqual([]);
  },
);

test("a producer that resumes goes on after its last accepted item: nothing is produced twice, nothing left out", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("resuming"), args: { prefix: "a", items: 20, crashAt: [4, 9, 15] } },
    consumers: { module: worker("collect") },
    values: true,
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 0, produced: 20, consumed: 20, restarts: 3, problems: [] });
  // What its lives could not tell any more before they were killed, the buffer did.
  expect(report.workers[0]).toMatchObject({ outcome: "done", restarts: 3, produced: 20, unknown: 0 });
  expect(new Set(valuesOf(watched.events, "consumed"))).toEqual(
    new Set(Array.from({ length: 20 }, (_, n) => `a-${n + 1}`)),
  );
});

test("a producer that does not resume is not started again by itself, and is where the plan asks for it", async () => {
  const outcome = async (restart?: RestartOptions) => {
    const { report } = watch({
      transport: fileTransport({ path: freshPath() }),
      create,
      producers: {
        module: worker("crashing-producer"),
        args: { how: "exit 3" },
        ...(restart && { restart }),
      },
      consumers: { module: worker("collect") },
    });
    const { exitCode, produced, workers, restarts } = await report;
    return { exitCode, produced, restarts, message: workers[0]?.error?.message };
  };
  expect(await outcome()).toMatchObject({
    exitCode: 5,
    produced: 1,
    restarts: 0,
    message: expect.stringMatching(/^exited with code 3; .*does not export `resumes`/),
  });
  expect(await outcome({ policy: "on-crash", withinMs: 600_000 })).toMatchObject({
    exitCode: 5,
    produced: 4,
    restarts: 3,
  });
});

test("what a producer throws is a crash too, and told with its reason", async () => {
  const module = inline(`
    export const resumes = true;
    export default function* ({ lastSequence }) {
      yield lastSequence + 1;
      if (lastSequence === 0) throw new Error("the source has dried up");
    }`);
  const watched = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module },
    consumers: { module: worker("collect") },
  });
  expect(await watched.report).toMatchObject({ exitCode: 0, produced: 2, consumed: 2, restarts: 1 });
  expect(failures(watched.events)).toMatchObject([
    { error: { message: "the source has dried up" }, restartInMs: 100 },
  ]);
});

test("an item that ends its consumer goes to the dead letters, and leaves the restarts to others", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 8 } },
    consumers: {
      module: worker("deadly"),
      args: { how: "SIGKILL", items: ["a-3"] },
      // One restart for all the rest.
      restart: { max: 1, backoffMinMs: 10 },
    },
    values: true,
  });
  const report = await watched.report;
  expect(report).toMatchObject({
    exitCode: 0,
    produced: 8,
    consumed: 7,
    dead: 1,
    drained: true,
    problems: [],
  });
  // Five failures are the limit: it is restarted after each.
  expect(report).toMatchObject({ restarts: 5, deadLetters: [{ sequence: 3, deliveries: 5, failures: 5 }] });
  expect(valuesOf(watched.events, "consumed")).not.toContain("a-3");
  await destroyAt(path);
});

test("others that are in hand with it are handed out again, and do not die of it", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create: { ...create, capacity: 16 },
    producers: { module: worker("count"), args: { prefix: "a", items: 40 }, batch: 16 },
    consumers: {
      module: worker("deadly"),
      args: { how: "SIGKILL", items: ["a-7"] },
      batch: 8,
      concurrency: 2,
      restart: { backoffMinMs: 10 },
    },
    values: true,
  });
  const report = await watched.report;
  expect(report).toMatchObject({
    exitCode: 0,
    produced: 40,
    consumed: 39,
    dead: 1,
    drained: true,
    problems: [],
  });
  expect(report.deadLetters).toMatchObject([{ sequence: 7, failures: 5 }]);
  await destroyAt(path);
});

test("an item that was nacked before is not taken for one that ended a worker before", async () => {
  const path = freshPath();
  const { report } = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 4 } },
    consumers: {
      module: worker("stumbling"),
      args: { path },
      restart: { max: 2, backoffMinMs: 1, withinMs: 600_000 },
    },
  });
  const told = await report;
  // Each of the items ends a worker once: three ends, of two that may be.
  expect(told).toMatchObject({ exitCode: 5, restarts: 2, problems: [] });
  expect(told.workers[1]?.error?.message).toMatch(/its group was 2 times within 600000 ms/);
  await destroyAt(path);
});

test("what a program kills itself counts as any restart, and no item is held to be why", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
    consumers: {
      module: worker("collect"),
      args: { everyMs: 60_000 },
      restart: { max: 2, backoffMinMs: 1, withinMs: 600_000 },
    },
  });
  const { run, events } = watched;
  expect(run.killWorker("consumer-1"), "before there is one").toBe(false);
  run.on("taken", ({ worker }) => run.killWorker(worker));
  const told = await watched.report;
  expect(told).toMatchObject({ exitCode: 5, restarts: 2, dead: 0, remaining: 1, problems: [] });
  expect(told.workers[1]?.error?.message).toMatch(/^ended by SIGKILL; .*its group was 2 times within/);
  expect(events.filter(({ kind }) => kind === "taken")).toHaveLength(3);
  expect(run.killWorker("consumer-1"), "when it is gone").toBe(false);
  expect(run.killWorker("nobody")).toBe(false);
  await destroyAt(path);
});

test("a worker that has ended cannot be killed, also while its output is still read", async () => {
  // What it leaves behind keeps its output open, and the run waits a second for the end of that.
  const module = inline(`
    import { spawn } from "node:child_process";
    export default () => {
      spawn(process.execPath, ["-e", "setTimeout(() => {}, 1000)"], { stdio: "inherit" });
      process.kill(process.pid, "SIGKILL");
    };`);
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1 }, runIn: "in-process" },
    consumers: { module, restart: "never" },
  });
  await watched.until((event) => event.kind === "spawned" && event.worker === "consumer-1");
  await until(() => !pids(watched.events).some((pid) => pid > 0 && isAlive(pid)), "the consumer to be gone");
  expect(watched.run.killWorker("consumer-1"), "when its process is gone").toBe(false);
  expect(await watched.report).toMatchObject({ exitCode: 5 });
  await destroyAt(path);
});

test("a handler that every item ends is no matter of items: it fails the run", async () => {
  const path = freshPath();
  const { report } = watch({
    transport: fileTransport({ path }),
    create: { ...create, failuresMax: 2 },
    producers: { module: worker("count"), args: { prefix: "a", items: 100 } },
    consumers: {
      module: worker("deadly"),
      args: { how: "exit 3", items: Array.from({ length: 100 }, (_, n) => `a-${n + 1}`) },
      restart: { backoffMinMs: 1, withinMs: 600_000 },
    },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 5, consumed: 0, drained: false, lost: 0, problems: [] });
  expect(told.dead).toBeLessThanOrEqual(4);
  await destroyAt(path);
});

test("nor is it one where the handler takes its time: what counts then is that nothing is consumed", async () => {
  const path = freshPath();
  const { report } = watch({
    transport: fileTransport({ path }),
    create: { ...create, failuresMax: 2, deadLettersMax: 100 },
    producers: { module: worker("count"), args: { prefix: "a", items: 100 } },
    consumers: {
      module: worker("deadly"),
      args: { how: "exit 3", items: Array.from({ length: 100 }, (_, n) => `a-${n + 1}`) },
      // Each end comes after the time of the one before.
      restart: { backoffMinMs: 5, withinMs: 1 },
    },
  });
  const told = await report;
  expect(told).toMatchObject({ exitCode: 5, consumed: 0, drained: false, lost: 0, problems: [] });
  expect(told.workers[1]?.error?.message).toMatch(/more than 3 items have ended workers/);
  expect(told.dead).toBeLessThanOrEqual(4);
  await destroyAt(path);
});

test("a buffer that is full of parked items ends the run: nobody in it makes room any more", async () => {
  const path = freshPath();
  const { report } = watch({
    transport: fileTransport({ path }),
    create: { ...create, failuresMax: 1, deadLettersMax: 2 },
    producers: { module: worker("count"), args: { prefix: "a", items: 100 } },
    consumers: { module: inline('export default () => { throw new Error("all of them are bad"); }') },
  });
  expect(await report).toMatchObject({
    exitCode: 4,
    endedBy: "the buffer is full of parked items",
    parked: 5,
    dead: 2,
    consumed: 0,
    problems: [],
  });
  await destroyAt(path);
});

test("a handler that takes longer than it may is left behind, and its item nacked", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create: { ...create, failuresMax: 2 },
    producers: { module: worker("count"), args: { prefix: "a", items: 4 } },
    consumers: { module: worker("deadly"), args: { how: "hangs", items: ["a-2"] }, itemTimeoutMs: 300 },
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 0, consumed: 3, dead: 1, restarts: 0, drained: true });
  expect(report.deadLetters).toMatchObject([{ sequence: 2, reason: "not done within 300 ms", failures: 2 }]);
  await destroyAt(path);
});

test("`never` fails the run at the first crash; `always` starts again what came to its end", async () => {
  const consumers = (restart: RestartOptions["policy"], module: URL) => ({
    module,
    args: { how: "exit 3" },
    idleMs: 50,
    restart: { policy: restart, backoffMinMs: 10, max: 1_000 } as RestartOptions,
  });
  const never = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 9 } },
    consumers: consumers("never", worker("crashing-consumer")),
  });
  expect(await never.report).toMatchObject({ exitCode: 5, restarts: 0 });

  // Its second item comes when the consumer has lost its patience, left, and so told.
  const left = `${freshPath()}-left`;
  const patient = inline(`
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    export default async function* () {
      yield 1;
      while (!existsSync(${JSON.stringify(left)})) await delay(20);
      yield 2;
    }`);
  const impatient = inline(`
    import { writeFileSync } from "node:fs";
    export default () => {};
    export const close = () => writeFileSync(${JSON.stringify(left)}, "");`);
  const always = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module: patient },
    consumers: consumers("always", new URL(impatient)),
  });
  const report = await always.report;
  expect(report).toMatchObject({ exitCode: 0, consumed: 2, problems: [] });
  expect(report.workers[1]).toMatchObject({ outcome: "done" });
  expect(report.restarts).toBeGreaterThan(0);
});

test("a worker that waits to be started again is gone at once when the run stops", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
    consumers: [
      {
        module: worker("crashing-consumer"),
        args: { how: "exit 3" },
        restart: { backoffMinMs: 600_000, backoffMaxMs: 600_000 },
      },
      { module: worker("collect"), args: { everyMs: 5 } },
    ],
  });
  await watched.until(({ kind }) => kind === "failed");
  watched.run.stop("SIGTERM");
  watched.run.stop("SIGTERM");
  const report = await watched.report;
  expect(report).toMatchObject({ restarts: 0, lost: 0, problems: [] });
  const outcomes = report.workers.map(({ outcome }) => outcome);
  expect(outcomes).toEqual([expect.stringMatching(/^(stopped|sealed)$/), "stopped", "stopped"]);
  await destroyAt(path);
});

test("a worker that wants more memory than it may have ends alone", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
    consumers: { module: worker("greedy"), heapBytesMax: 32 * 2 ** 20, restart: "never" },
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, remaining: 1, lost: 0, problems: [] });
  expect(report.workers[1]?.error?.message).toMatch(/heap out of memory/);
  await destroyAt(path);
});

test("workers are killed at random, and nothing is lost or done twice", async () => {
  const kills = 8;
  const path = freshPath();
  const restart = { max: Number.POSITIVE_INFINITY, backoffMinMs: 0 };
  // The last of the items come when all kills are done: so each finds somebody at work.
  const waitsFor = { after: 475, path: `${path}-killed` };
  const watched = watch({
    transport: fileTransport({ path }),
    create: { ...create, failuresMax: 1_000 },
    producers: {
      module: worker("resuming"),
      argsOfEach: [
        { prefix: "a", items: 500, waitsFor },
        { prefix: "b", items: 500, waitsFor },
      ],
      restart,
    },
    consumers: { module: worker("collect"), count: 2, restart },
    values: true,
  });
  const seed = seedFromEnvironment();
  console.log(`kills: seed ${seed}, run it again with SLUICE_SEED=${seed}`);
  const random = randomFrom(seed);
  const alive = new Map<string, number>();
  const produced = new Map<string, number>();
  let killed = 0;
  watched.run.on("*", (event) => {
    if (event.kind === "spawned") alive.set(event.worker, event.pid);
    else if (event.kind === "exited") alive.delete(event.worker);
    // What a life could not tell any more, the next one knows.
    else if (event.kind === "ready") produced.set(event.worker, event.lastSequence);
    else if (event.kind === "produced")
      produced.set(event.worker, (produced.get(event.worker) ?? 0) + event.count);
    const sum = [...produced.values()].reduce((all, one) => all + one, 0);
    if (killed === kills || sum < (killed + 1) * 80 || alive.size === 0) return;
    const [name, pid] = random.pick([...alive]);
    alive.delete(name);
    process.kill(pid, "SIGKILL");
    if (++killed === kills) writeFileSync(waitsFor.path, "");
  });
  const report = await watched.report;
  expect(report, JSON.stringify(report.problems)).toMatchObject({
    exitCode: 0,
    produced: 1000,
    consumed: 1000,
    restarts: kills,
    lost: 0,
    problems: [],
  });
  await until(() => !pids(watched.events).some(isAlive), "all of them to be gone");
});
