// The order of the story's lines, and the lines of progress, from events as they arrive.
import type { WriteStream } from "node:tty";
import type { Run, RunEvent } from "@sluice/core";
import { unlessPaused } from "@sluice/test-support";
import { expect, test, vi } from "vitest";
import type { DemoOptions } from "../dist/args.js";
import type { Paint } from "../dist/story.js";
import { tell } from "../dist/tell.js";

const story = { items: [5, 4], json: false, input: undefined, seed: 1 } as unknown as DemoOptions;
const bulk: DemoOptions = { ...story, input: "-" };

/** Says what `tell` makes of events that are passed in. */
function telling(options: DemoOptions) {
  const listeners: ((event: RunEvent) => void)[] = [];
  const run = { on: (kind: string, listener: () => void) => kind === "*" && listeners.push(listener) };
  const lines: string[] = [];
  const out = { writableLength: 0, write: (text: string) => lines.push(text.replace(/\n$/, "")) };
  const paint: Paint = (_style, text) => text;
  tell(run as unknown as Run, options, { out: out as unknown as WriteStream, paint, isLive: false });
  const began = performance.timeOrigin + performance.now();
  return {
    lines,
    event(worker: string, afterMs: number, event: object) {
      for (const listener of listeners) listener({ worker, at: began + afterMs, ...event } as RunEvent);
    },
    said: (count: number) =>
      vi.waitFor(() => expect(lines).toHaveLength(count), { timeout: 60_000, interval: 10 }),
  };
}

const produced = (value: string, total: number) => ({ kind: "produced", count: 1, total, values: [value] });
const taken = (value: string) => ({ kind: "taken", count: 1, values: [value] });

test("a put stands before the take of its item, and what led to it before the put", async () => {
  const { lines, event, said } = telling(story);
  event("consumer-1", 1, taken("P1-1"));
  event("producer-1", 2, { kind: "resumed", because: "full", waitedMs: 9 });
  event("producer-2", 3, { kind: "waiting", because: "full" });
  event("producer-1", 4, produced("P1-1", 1));
  await said(4);
  expect(lines).toEqual([
    "Producer-1 goes on after waiting 9 ms",
    "Producer-1 put P1-1 (1 of 5)",
    "Consumer-1 took P1-1",
    "Producer-2 met the full buffer and waits",
  ]);
});

test("what a worker prints stands behind its name, line by line", async () => {
  const { lines, event, said } = telling(story);
  event("consumer-2", 1, { kind: "output", stream: "stderr", text: "first\nsecond\n" });
  await said(1);
  expect(lines).toEqual(["[Consumer-2] first\n[Consumer-2] second"]);
});

test.each([
  ["are told together", 1, 4],
  ["are told by a clock that is ahead, and passed on in a later turn", -100, 150],
])("of puts that %s, those that waited stand behind what made them room", async (_how, from, toldAt) => {
  const { lines, event, said } = telling(story);
  event("consumer-1", from, taken("P1-1"));
  event("producer-1", from + 1, { kind: "waiting", because: "full" });
  event("consumer-1", from + 2, { kind: "consumed", count: 1, total: 1, values: ["P1-1"] });
  event("producer-1", toldAt, { kind: "produced", count: 2, total: 2, values: ["P1-1", "P1-2"] });
  await said(5);
  expect(lines).toEqual([
    "Producer-1 put P1-1 (1 of 5)",
    "Consumer-1 took P1-1",
    "Producer-1 met the full buffer and waits",
    "Consumer-1 consumed P1-1",
    "Producer-1 put P1-2 (2 of 5)",
  ]);
});

test("the take of an item that was put before this life of its producer is told at once", async () => {
  const { lines, event, said } = telling(story);
  event("consumer-1", 0, taken("P1-2"));
  event("producer-1", 1, { kind: "ready", lastSequence: 2 });
  event("producer-1", 2, produced("P1-3", 1));
  await said(2);
  expect(lines).toEqual(["Consumer-1 took P1-2", "Producer-1 put P1-3 (3 of 5)"]);
});

test("what becomes of a worker that is killed, and of one that fails", async () => {
  const { lines, event, said } = telling(story);
  const killed = { code: "WORKER_FAILED", message: "ended by SIGKILL" };
  event("consumer-1", 0, { kind: "failed", error: killed, restartInMs: 100 });
  event("consumer-1", 1, { kind: "restarted", restarts: 1 });
  event("consumer-1", 2, { kind: "spawned", role: "consumer", pid: 7 });
  event("consumer-1", 3, { kind: "failed", error: { message: "no" }, restartInMs: 200 });
  event("consumer-1", 4, { kind: "failed", error: { message: "no more" } });
  await said(4);
  expect(lines).toEqual([
    "Consumer-1 was killed; starts again in 100 ms",
    "Consumer-1 is back (process 7)",
    "Consumer-1 failed: no; starts again in 200 ms",
    "Consumer-1 failed: no more",
  ]);
});

test("a put that is told late is waited for, but not for ever: its producer may have been killed", () =>
  unlessPaused(300, async () => {
    const { lines, event, said } = telling(story);
    event("consumer-1", 0, taken("P1-1"));
    event("consumer-2", 1, taken("P2-1"));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(lines).toEqual([]);
    event("producer-1", 120, produced("P1-1", 1));
    await said(3);
    expect(lines).toEqual(["Producer-1 put P1-1 (1 of 5)", "Consumer-1 took P1-1", "Consumer-2 took P2-1"]);
  }));

test("progress is told when there is some, and never more consumed than produced", () => {
  const { lines, event } = telling(bulk);
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  try {
    now = 5000;
    event("consumer-1", 0, { kind: "waiting", because: "empty" });
    event("consumer-1", 0, { kind: "consumed", count: 3, total: 3 });
    now += 600;
    event("consumer-1", 0, { kind: "consumed", count: 4, total: 7 });
    event("producer-1", 0, { kind: "produced", count: 8, total: 8 });
    now += 600;
    event("producer-1", 0, { kind: "produced", count: 2, total: 10 });
  } finally {
    clock.mockRestore();
  }
  expect(lines).toEqual(["7 produced, 7 consumed so far", "10 produced, 7 consumed so far"]);
});
