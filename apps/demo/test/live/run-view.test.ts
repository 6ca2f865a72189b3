// What a view says of a run, event by event.
import type { RunReport } from "@sluice/core";
import { expect, test } from "vitest";
import { counts, opened, ready, spawned, started, viewOf } from "./events.js";

const begun = [
  opened,
  spawned("producer-1"),
  spawned("consumer-1"),
  ready("producer-1"),
  ready("consumer-1"),
  started,
];

function worker(name: string, ...events: readonly object[]) {
  return viewOf(...begun, ...events).workers.get(name);
}

test("a producer makes an item, waits for room, goes on, is done", () => {
  const name = "producer-1";
  const waits = { kind: "waiting", worker: name, because: "full" };
  const goesOn = { kind: "resumed", worker: name, because: "full", waitedMs: 70 };
  const put = { kind: "produced", worker: name, count: 1, total: 1 };
  expect(worker(name)).toMatchObject({ state: { kind: "making" }, done: 0 });
  expect(worker(name, waits)).toMatchObject({ state: { kind: "waiting" }, waitedMs: 0 });
  expect(worker(name, waits, goesOn, put)).toMatchObject({
    state: { kind: "making" },
    done: 1,
    waitedMs: 70,
  });
  expect(worker(name, put, { kind: "ended", worker: name, end: "done" })).toMatchObject({
    state: { kind: "ended", end: "done" },
    done: 1,
  });
});

test("a consumer has an item in hand until it is consumed, or has failed", () => {
  const name = "consumer-1";
  const taken = { kind: "taken", worker: name, count: 1, values: ["P1-1"] };
  expect(worker(name)).toMatchObject({ state: { kind: "waiting" }, item: undefined });
  expect(worker(name, taken)).toMatchObject({ state: { kind: "handling" }, item: "P1-1", done: 0 });
  expect(worker(name, taken, { kind: "consumed", worker: name, count: 1, total: 1 })).toMatchObject({
    state: { kind: "waiting" },
    item: undefined,
    done: 1,
  });
  expect(worker(name, taken, { kind: "nacked", worker: name, reason: "no", deliveries: 1 })).toMatchObject({
    state: { kind: "waiting" },
    failures: 1,
    done: 0,
  });
});

test("of several items in hand it goes on with the others", () => {
  const name = "consumer-1";
  const taken = { kind: "taken", worker: name, count: 3 };
  const consumed = { kind: "consumed", worker: name, count: 2, total: 2 };
  expect(worker(name, taken, consumed)).toMatchObject({ state: { kind: "handling" }, done: 2 });
});

test("who crashed starts again, and what it had done before counts", () => {
  const lives = (name: string, lastSequence: number) => [
    { kind: "failed", worker: name, error: { name: "Error", message: "ended by SIGKILL" }, restartInMs: 100 },
    { kind: "exited", worker: name, code: null, signal: "SIGKILL" },
    { kind: "restarted", worker: name, restarts: 1 },
    spawned(name),
    ready(name, lastSequence),
  ];
  const consumed = { kind: "consumed", worker: "consumer-1", count: 2, total: 2 };
  expect(worker("consumer-1", consumed, ...lives("consumer-1", 0).slice(0, 2))).toMatchObject({
    state: { kind: "restarting", inMs: 100 },
  });
  expect(worker("consumer-1", consumed, ...lives("consumer-1", 0), consumed)).toMatchObject({
    done: 4,
    restarts: 1,
  });
  const put = { kind: "produced", worker: "producer-1", count: 1, total: 1 };
  // One more was accepted than it could tell: the buffer knows.
  expect(worker("producer-1", put, ...lives("producer-1", 2), put)).toMatchObject({
    state: { kind: "making" },
    done: 3,
    restarts: 1,
  });
});

test("who is not started again has failed", () => {
  const failed = { kind: "failed", worker: "consumer-1", error: { name: "Error", message: "no" } };
  expect(worker("consumer-1", failed)).toMatchObject({ state: { kind: "failed" } });
});

test("the end is as the report says, whatever was counted last", () => {
  const view = viewOf(...begun);
  view.seeCounts({ ...counts, ready: 3, leased: 2, consumed: 1 });
  const workers = [{ name: "consumer-1", outcome: "killed", waitedMs: 70 }];
  const end = {
    remaining: 4,
    parked: 0,
    produced: 9,
    consumed: 3,
    dead: 2,
    discarded: 0,
    peak: 5,
    sealed: true,
    workers,
  };
  view.seeReport(end as unknown as RunReport);
  expect(view.counts).toMatchObject({ ready: 4, leased: 0, consumed: 3, dead: 2, peak: 5 });
  expect(view.workers.get("consumer-1")).toMatchObject({ state: { kind: "killed" }, waitedMs: 70 });
});

test("of a buffer that was there before, what was consumed and dead then is not forgotten", () => {
  const view = viewOf({ ...opened, created: false });
  view.seeCounts({ ...counts, consumed: 7, dead: 1 });
  view.seeReport({
    remaining: 0,
    parked: 0,
    produced: 1,
    consumed: 2,
    dead: 1,
    workers: [],
  } as unknown as RunReport);
  expect(view.counts).toMatchObject({ consumed: 9, dead: 2 });
});
