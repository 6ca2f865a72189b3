// Runs whose workers are processes, over a file: what becomes of the run, of the items and of the processes when one of them
// crashes in some way. Each way is caused for real and observed from outside.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lastLine, openBuffer, type RunEvent } from "@sluice/core";
import { expect, onTestFinished, test } from "vitest";
import {
  create,
  fileTransport,
  freshPath,
  inline,
  isAlive,
  pids,
  printed,
  unlessPaused,
  until,
  type Watched,
  watch,
  worker,
} from "./harness.js";

/** No process of the run is left, and no buffer if the run did not keep it. */
async function expectNothingLeft({ events, report }: Watched, path: string): Promise<void> {
  const { kept } = await report;
  expect(pids(events).filter(isAlive)).toEqual([]);
  expect(existsSync(path)).toBe(kept !== undefined);
}

test("9 produced, 9 consumed, 0 remaining, by four processes", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: {
      module: worker("count"),
      argsOfEach: [
        { prefix: "a", items: 5 },
        { prefix: "b", items: 4 },
      ],
    },
    consumers: {
      module: worker("collect"),
      count: 2,
      args: { everyMs: 50, meeting: { folder: `${path}-meeting`, count: 2 } },
    },
    values: true,
  });
  const report = await watched.report;
  expect(lastLine(report)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(report).toMatchObject({ exitCode: 0, peak: 5, problems: [], totals: { produced: 9, consumed: 9 } });
  expect(new Set([process.pid, ...pids(watched.events)]).size).toBe(5);
  for (const { name, role, consumed } of report.workers) {
    if (role === "consumer") expect(consumed, name).toBeGreaterThan(0);
  }
  await expectNothingLeft(watched, path);
});

const crashes: Record<string, { outcome: object; message: string }> = {
  "exit 0": {
    outcome: { exitCode: 0, signal: null },
    message: "exited with code 0 before its work was done",
  },
  "exit 3": { outcome: { exitCode: 3, signal: null }, message: "exited with code 3" },
  "an exit that never ends": { outcome: { exitCode: 3, signal: null }, message: "exited with code 3" },
  SIGKILL: { outcome: { exitCode: null, signal: "SIGKILL" }, message: "ended by SIGKILL" },
  uncaught: { outcome: { exitCode: 1, signal: null }, message: "nobody caught this" },
};

test.each(Object.entries(crashes))(
  "a producer that ends by %s fails the run; the rest is drained",
  async (how, is) => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: [
        { module: worker("crashing-producer"), args: { how }, restart: "never" },
        { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
      ],
      consumers: { module: worker("collect"), count: 2, args: { everyMs: 5 } },
    });
    const report = await watched.report;
    expect(report).toMatchObject({ exitCode: 5, remaining: 0, drained: true, lost: 0, problems: [] });
    expect(report.consumed).toBe(report.produced);
    expect(report.workers[0]).toMatchObject({ outcome: "failed", ...is.outcome });
    expect(report.workers[0]?.error?.message).toContain(is.message);
    expect(report.workers.slice(1).map(({ outcome }) => outcome)).toEqual(["stopped", "done", "done"]);
    await expectNothingLeft(watched, path);
  },
);

test.each(Object.entries(crashes))(
  "a consumer that ends by %s fails the run; others get its item",
  async (how, is) => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
      consumers: [
        { module: worker("crashing-consumer"), args: { how }, restart: "never" },
        { module: worker("collect"), args: { everyMs: 5 } },
      ],
    });
    const report = await watched.report;
    expect(report).toMatchObject({ exitCode: 5, remaining: 0, drained: true, lost: 0, problems: [] });
    expect(report.consumed).toBe(report.produced);
    expect(report.workers[1]).toMatchObject({ outcome: "failed", ...is.outcome });
    expect(report.workers[1]?.error?.message).toContain(is.message);
    expect(report.totals.redelivered).toBe(1);
    await expectNothingLeft(watched, path);
  },
);

test("a worker that has told that it is done, and whose process never ends, is killed and counts as done", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 3 } },
    consumers: { module: worker("stuck-exit") },
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 0, consumed: 3, drained: true, problems: [] });
  expect(report.workers[1]).toMatchObject({ outcome: "done", exitCode: 0, signal: null });
  await expectNothingLeft(watched, path);
});

test("when the only consumer crashes, what is left is told and kept", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
    consumers: { module: worker("crashing-consumer"), args: { how: "SIGKILL" }, restart: "never" },
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, drained: false, lost: 0, problems: [] });
  expect(report.remaining).toBe(report.produced - report.consumed);
  expect(report.remaining).toBeGreaterThan(0);
  await expectNothingLeft(watched, path);
  const buffer = await openBuffer(fileTransport({ path }));
  expect(await buffer.counts()).toMatchObject({ sealed: true, produced: report.produced });
  await buffer.destroy();
});

test.each([
  ["missing", new URL("./workers/nowhere.mjs", import.meta.url).href],
  ["a syntax error", inline("export default function* broken( {")],
  ["without a default export", inline("export const something = 1")],
  ["throwing at load", inline('throw new Error("does not want to be loaded")')],
  ["ending its process at load", inline("process.exit(0)")],
])("a module that is %s fails the run before it begins, and nothing is left", async (_what, module) => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 5 } },
    consumers: [{ module: worker("collect") }, { module }],
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, produced: 0, drained: true, endedBy: "consumer-2 failed" });
  expect(report.workers[2]).toMatchObject({ outcome: "failed", error: { code: "WORKER_FAILED" } });
  expect(watched.events.map(({ kind }) => kind)).not.toContain("started");
  await expectNothingLeft(watched, path);
});

test("a worker that does not get ready in time fails the run", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("never-ready") },
    consumers: { module: worker("collect") },
    startTimeoutMs: 1500,
  });
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, produced: 0, drained: true });
  expect(report.workers[0]?.error?.message).toBe("was not ready within 1500 ms");
  await expectNothingLeft(watched, path);
});

test("a worker that prints much is neither stopped by it nor does it stop others", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("chatty"), args: { kibibytes: 8192 } },
    consumers: { module: worker("collect") },
  });
  expect(await watched.report).toMatchObject({ exitCode: 0, consumed: 1 });
  const printed = { stdout: 0, stderr: 0 };
  for (const event of watched.events) if (event.kind === "output") printed[event.stream] += event.text.length;
  expect(printed).toEqual({ stdout: 8192 * 1024, stderr: 1024 * 1024 });
});

test("close is called once for each worker, after its last item", async () => {
  const watched = watch({
    transport: fileTransport({ path: freshPath() }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1 } },
    consumers: { module: worker("closing"), count: 2 },
  });
  expect(await watched.report).toMatchObject({ exitCode: 0 });
  const text = printed(watched.events);
  expect(text.match(/close \d of 2/g)?.sort()).toEqual(["close 0 of 2", "close 1 of 2"]);
  expect(text.match(/item \d/g)).toHaveLength(1);
});

test.each(["hangs", "blocks"])(
  "a producer that %s when it is to stop does not hold up the rest",
  async (how) => {
    const path = freshPath();
    const watched = watch({
      transport: fileTransport({ path }),
      create,
      producers: { module: worker("crashing-producer"), args: { how } },
      consumers: { module: worker("collect"), count: 2 },
    });
    await watched.until((event) => event.kind === "consumed");
    watched.run.stop("SIGTERM");
    const report = await watched.report;
    expect(report).toMatchObject({ exitCode: 143, produced: 1, consumed: 1, drained: true, problems: [] });
    expect(report.workers[0]?.outcome).toBe(how === "hangs" ? "stopped" : "killed");
    await expectNothingLeft(watched, path);
  },
);

test("Ctrl-C reaches the workers too, and they leave it to their parent", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
    consumers: { module: worker("collect"), args: { everyMs: 5 } },
  });
  await watched.until((event) => event.kind === "consumed");
  for (const pid of pids(watched.events)) process.kill(pid, "SIGINT");
  watched.run.stop("SIGINT");
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 130, drained: true, problems: [] });
  expect(report.workers.map(({ outcome }) => outcome)).toEqual(["stopped", "done"]);
  await expectNothingLeft(watched, path);
});

test("a worker that somebody else ends by SIGTERM gives back what it has, and the run fails", async () => {
  const path = freshPath();
  const watched = watch({
    transport: fileTransport({ path }),
    create,
    producers: { module: worker("count"), args: { prefix: "a", items: 1_000_000 } },
    consumers: { module: worker("collect"), count: 2, args: { everyMs: 20 }, restart: "never" },
  });
  await watched.until((event) => event.kind === "consumed");
  process.kill(pids(watched.events)[2] ?? 0, "SIGTERM");
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, drained: true, problems: [] });
  expect(report.workers[2]).toMatchObject({ outcome: "failed", exitCode: 0 });
  expect(report.workers[2]?.error?.message).toBe("stopped without having been told to");
  await expectNothingLeft(watched, path);
});

/** A run in a process of its own, to be killed, and the events that have come of it. */
function startParent(path: string, consumer: string) {
  const main = fileURLToPath(new URL("./parent.mjs", import.meta.url));
  const parent = spawn(process.execPath, [main, path, consumer], { stdio: ["ignore", "pipe", "inherit"] });
  const events: RunEvent[] = [];
  let rest = "";
  parent.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(JSON.parse(line));
  });
  onTestFinished(() => {
    parent.kill("SIGKILL");
    for (const pid of pids(events).filter(isAlive)) process.kill(pid, "SIGKILL");
  });
  const holders = () => new Set(events.flatMap((event) => (event.kind === "taken" ? [event.worker] : [])));
  return { parent, events, holders };
}

test("no worker outlives a parent that is killed, and the buffer can be taken up", async () => {
  const path = freshPath();
  const { parent, events } = startParent(path, "collect");
  const workers = () => pids(events);
  const isUnderWay = () => events.some((event) => event.kind === "consumed" && event.total > 3);
  await until(() => workers().length === 4 && isUnderWay(), "the run to be under way");
  expect(workers().filter(isAlive)).toEqual(workers());
  parent.kill("SIGKILL");
  await until(() => !workers().some(isAlive), "the workers to notice that they are orphans");

  const rest = watch({ transport: fileTransport({ path }), consumers: { module: worker("collect") } });
  const report = await rest.report;
  expect(report).toMatchObject({ exitCode: 0, drained: true, problems: [] });
  const buffer = await openBuffer(fileTransport({ path }));
  const { produced, consumed } = await buffer.counts();
  expect(consumed).toBe(produced);
  await buffer.destroy();
});

test("nor does one whose event loop is blocked, and which cannot notice", async () => {
  const { parent, events, holders } = startParent(freshPath(), "blocking");
  await until(() => holders().size === 2, "both consumers to be blocked");
  expect(pids(events)).toHaveLength(4);
  parent.kill("SIGKILL");
  await until(() => !pids(events).some(isAlive), "the workers to be gone");
});

test("an orphan that prints has no reader any more, and gives back what it has all the same", () =>
  // Within the 1.3 s that it has.
  unlessPaused(300, async () => {
    const path = freshPath();
    const { parent, events, holders } = startParent(path, "last-words");
    const isFull = () => events.some((event) => event.kind === "waiting" && event.because === "full");
    await until(
      () => holders().size === 2 && isFull(),
      "both consumers to have an item, and the buffer to be full",
    );
    parent.kill("SIGKILL");
    await until(() => !pids(events).some(isAlive), "the workers to be gone");
    const buffer = await openBuffer(fileTransport({ path }));
    const leases = await (await buffer.consumer()).leaseMany(5);
    expect(
      leases.map(({ failures }) => failures),
      "how often each had failed",
    ).toEqual([0, 0, 0, 0, 0]);
    await buffer.destroy();
  }));
