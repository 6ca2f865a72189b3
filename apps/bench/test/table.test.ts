// Goal: what an item costs is in the table where somebody reports it, and nowhere else. Method: results made by hand.
import { expect, test } from "vitest";
import { works } from "../dist/growth.js";
import { tables } from "../dist/table.js";
import type { Work } from "../dist/works.js";
import { resultsByHand } from "./results-by-hand.js";

const work = works.find(({ name }) => name === "5-1p1c") as Work;
const roundTrip = works.find(({ kind }) => kind === "round-trip") as Work;
const rowsOf = (text: string) =>
  text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));
const rows = (usage: object) =>
  rowsOf(tables(resultsByHand([work], { naive: { [work.name]: [10] }, served: { [work.name]: [usage] } })));

test("what a server and the processes have used stands before the ratio; who reports none has none", () => {
  const usage = {
    serverCpuUsPerItem: 23.44,
    messagesPerItem: 6.512,
    cpuUsPerItem: 1234,
    wakeUpsPerItem: 2.5,
  };
  expect(rows({ ...usage, peakBytes: 100 * 2 ** 20 })).toEqual([
    [
      "bound",
      "items/s",
      "min - max",
      "CPU",
      "server CPU",
      "wake-ups",
      "messages",
      "memory",
      "ratio to naive",
    ],
    ["naive", "strict", "10", "10 - 10", "1.0"],
    ["served", "strict", "10", "10 - 10", "1.23 ms", "23.4 us", "2.5", "6.51", "100 MiB", "1.0"],
  ]);
});

test("one figure alone is one column, and none is none", () => {
  expect(rows({ messagesPerItem: 4 })[0]).toEqual([
    "bound",
    "items/s",
    "min - max",
    "messages",
    "ratio to naive",
  ]);
  expect(rows({})[0]).toEqual(["bound", "items/s", "min - max", "ratio to naive"]);
});

test("system calls are those of the runs in which they were counted", () => {
  const outcome = { isValid: true, seconds: 9, itemsPerSecond: 1, systemCallsPerItem: 7.25 } as const;
  const counted = [{ work: work.name, candidate: "naive", round: 1, count: 10, outcome }];
  const results = resultsByHand([work], { naive: { [work.name]: [10] } }, { counted });
  expect(rowsOf(tables(results))).toEqual([
    ["bound", "items/s", "min - max", "system calls", "ratio to naive"],
    ["naive", "strict", "10", "10 - 10", "7.25", "1.0"],
  ]);
});

test("a round trip has its tail, a run that failed says why, and who was not measured has a dash", () => {
  const byHand = {
    naive: { [roundTrip.name]: [200, 100, 300] },
    other: { [roundTrip.name]: ["lost"] },
    none: {},
  };
  expect(rowsOf(tables(resultsByHand([roundTrip], byHand)))).toEqual([
    ["bound", "p50", "min - max", "p99", "p99.9", "faster than naive by"],
    ["naive", "strict", "200 us", "100 us - 300 us", "400 us", "600 us", "1.0"],
    ["other", "strict", "failed"],
    ["none", "strict", "-"],
    ["FAILED: other, round 1: lost"],
  ]);
});
