// What is drawn of a history: how many were inside, and who did what.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Operation, type OperationKind, readHistory } from "@sluice/history-checker";
import { expect, test } from "vitest";
import { historyPicture } from "../src/report/history-picture.js";
import { keepHistories } from "../src/report/keep-histories.js";
import type { KeptHistory } from "../src/report/kept-history.js";
import { lanesOf } from "../src/report/lanes.js";
import { largestIn, occupancyOf } from "../src/report/occupancy.js";

let ids = 0;

function call(kind: OperationKind, process: string, from: number, to: number, value?: string): Operation {
  return {
    process,
    id: ++ids,
    kind,
    invokedAt: from,
    returnedAt: to,
    outcome: Number.isFinite(to) ? "ok" : undefined,
    ...(value === undefined ? {} : { value }),
  };
}

const operations = [
  call("put", "producer", 0, 10, "a"),
  call("put", "producer", 20, 30, "b"),
  call("take", "consumer", 40, 60, "a"),
  call("take", "consumer", 70, Number.POSITIVE_INFINITY),
];
const history: KeptHistory = {
  title: "two items <&>",
  capacity: 1,
  operations,
  marks: [{ at: 90, process: "consumer", what: "SIGKILL" }],
};

test("an item is certainly inside from the return of its put to the call of its take, and perhaps a little longer", () => {
  const { least, most } = occupancyOf(operations.slice(0, 3));
  expect(least).toEqual([
    { at: 0, count: 0 },
    { at: 10, count: 1 },
    { at: 30, count: 2 },
    { at: 40, count: 1 },
  ]);
  expect(most).toEqual([
    { at: 0, count: 1 },
    { at: 20, count: 2 },
    { at: 60, count: 1 },
  ]);
});

test("what is too short for a pixel is seen all the same", () => {
  const steps = [
    { at: 0, count: 0 },
    { at: 51, count: 7 },
    { at: 52, count: 1 },
  ];
  expect(largestIn(steps, 100, 10)).toEqual([0, 0, 0, 0, 0, 7, 1, 1, 1, 1]);
});

test("a call that never returned is drawn until its process was killed", () => {
  const [, consumer] = lanesOf(history, 100, 0);
  expect(consumer?.bars.at(-1)).toMatchObject({ from: 70, to: 90, tone: "open" });
});

test("calls closer than a pixel are one bar", () => {
  const [producer] = lanesOf(history, 100, 10);
  expect(producer?.bars).toEqual([{ from: 0, to: 30, tone: "put", calls: 2 }]);
});

test("the picture names the capacity, shows what is above it, and escapes what it is told", () => {
  const picture = historyPicture(history);
  expect(picture).toContain("capacity 1");
  expect(picture).toContain('class="over"');
  expect(picture).toContain("<title>SIGKILL consumer</title>");
  expect(picture).toContain("two items &lt;&amp;&gt;");
});

test("a kept history can be read again, and judged again", () => {
  const parent = mkdtempSync(join(tmpdir(), "sluice-report-"));
  try {
    const kept = keepHistories("BOUND-1", [history], parent);
    expect(readHistory(join(kept, "1"))).toEqual(operations);
    const about = JSON.parse(readFileSync(join(kept, "1", "about.json"), "utf8")) as object;
    expect(about).toEqual({ title: history.title, capacity: 1, marks: history.marks });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
