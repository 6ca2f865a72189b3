// A terminal's Ctrl-C that meets a worker between its fork and its own session, before the worker runs anything: whoever presses it
// ends no worker, and nobody is to blame. Here the worker does that to itself, before its own program is loaded.
import type { EndSignal, RunEvent } from "@sluice/core";
import { expect, test } from "vitest";
import { create, fileTransport, freshPath, inline, isAlive, pids, watch, worker } from "./harness.js";

/** Options for Node that end the first so many processes which start with them. */
function interrupting(times: number, signal: string): string[] {
  const note = freshPath();
  const source = `
    import { appendFileSync, existsSync, statSync } from "node:fs";
    const note = ${JSON.stringify(note)};
    if (process.connected && (!existsSync(note) || statSync(note).size < ${times})) {
      appendFileSync(note, "x");
      process.kill(process.pid, ${JSON.stringify(signal)});
      await new Promise(() => {});
    }`;
  return ["--import", inline(source)];
}

const kinds = (events: readonly RunEvent[], worker: string) =>
  events.flatMap((event) => ("worker" in event && event.worker === worker ? [event.kind] : []));

const plan = (execArgv: readonly string[], role: "producer" | "consumer") => ({
  transport: fileTransport({ path: freshPath() }),
  create,
  producers: {
    module: worker("count"),
    args: { prefix: "a", items: 3 },
    ...(role === "producer" && { execArgv }),
  },
  consumers: { module: worker("collect"), ...(role === "consumer" && { execArgv }) },
});

test.each([
  ["producer", "SIGINT"],
  ["consumer", "SIGHUP"],
  ["consumer", "SIGTERM"],
] as const)("a %s that %s ends before it runs anything is forked once more", async (role, signal) => {
  const watched = watch(plan(interrupting(1, signal), role));
  expect(await watched.report).toMatchObject({
    exitCode: 0,
    produced: 3,
    consumed: 3,
    restarts: 0,
    problems: [],
  });
  expect(kinds(watched.events, `${role}-1`).slice(0, 4)).toEqual(["spawned", "exited", "spawned", "ready"]);
  expect(pids(watched.events).filter(isAlive)).toEqual([]);
});

test.each(["producer", "consumer"] as const)(
  "a %s that a stop's own signal ends before it runs anything has not crashed",
  async (role) => {
    const watched = watch(plan(interrupting(1, "SIGINT"), role));
    watched.run.on("exited", ({ signal }) => watched.run.stop(signal as EndSignal));
    expect(await watched.report).toMatchObject({
      exitCode: 130,
      endedBy: "SIGINT",
      produced: 0,
      drained: true,
      problems: [],
    });
    expect(kinds(watched.events, `${role}-1`)).not.toContain("failed");
    expect(pids(watched.events).filter(isAlive)).toEqual([]);
  },
);

test("one that is ended so each time has failed", async () => {
  const watched = watch(plan(interrupting(9, "SIGINT"), "consumer"));
  const report = await watched.report;
  expect(report).toMatchObject({ exitCode: 5, endedBy: "consumer-1 failed", produced: 0 });
  expect(report.workers[1]).toMatchObject({ outcome: "failed", error: { message: "ended by SIGINT" } });
});
