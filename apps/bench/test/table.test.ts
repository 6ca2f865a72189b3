// Goal: what a server costs is in the table where somebody reports it, and nowhere else. Method: results made by hand.
import { expect, test } from "vitest";
import type { Run } from "../dist/measure.js";
import naive from "../dist/peers/naive-lockfile.js";
import { table } from "../dist/table.js";
import { works } from "../dist/works.js";

const [work] = works.slice(0, 1);
const served = { ...naive, name: "served" };
const runs = (usage: object): Run[] =>
  ["naive", "served"].map((candidate) => ({
    ...{ work: work?.name ?? "", candidate, round: 1, count: 10 },
    outcome: { isValid: true, seconds: 1, itemsPerSecond: 10, ...(candidate === "served" ? usage : {}) },
  }));
const rows = (usage: object) =>
  table(work ? [work] : [], [naive, served], runs(usage), { kind: "against", name: "naive" })
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));

test("a server's CPU and messages stand before the ratio; who reports none has none", () => {
  expect(rows({ serverCpuUsPerItem: 23.44, messagesPerItem: 6.512 })).toEqual([
    ["bound", "items/s", "min - max", "server CPU an item", "messages an item", "ratio to naive"],
    ["naive", "strict", "10", "10 - 10", "1.0"],
    ["served", "strict", "10", "10 - 10", "23.4 us", "6.51", "1.0"],
  ]);
});

test("one figure alone is one column, and none is none", () => {
  expect(rows({ messagesPerItem: 4 })[0]).toEqual([
    "bound",
    "items/s",
    "min - max",
    "messages an item",
    "ratio to naive",
  ]);
  expect(rows({})[0]).toEqual(["bound", "items/s", "min - max", "ratio to naive"]);
});
