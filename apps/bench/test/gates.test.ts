// Goal: a gate is judged by the ratio of what it names, round by round. Method: results made by hand; and all it names exists.
import { expect, test } from "vitest";
import { gatesText, gateTables } from "../dist/gates.js";
import { works } from "../dist/growth.js";
import { resultsByHand } from "./results-by-hand.js";

const judged = (byHand: Parameters<typeof resultsByHand>[1], disk: readonly number[] = []) =>
  gatesText(resultsByHand(works, byHand, { diskSyncsPerSecond: disk }))
    .split("\n")
    .filter((line) => /(?:hit|MISSED)$/.test(line))
    .map((line) => line.trim().split(/ {2,}/));

test("a ratio at the aim is hit, one below is missed; the ratios are those of each round", () => {
  const file = { "5-1p1c": [500, 1_000, 600], "1024-1p1c": [99, 99, 99] };
  expect(judged({ naive: { "5-1p1c": [100, 250, 100], "1024-1p1c": [1, 1, 1] }, file })).toEqual([
    ["file", "the default lock, capacity 5: the naive way", "5.0", "5.0", "4.0 - 6.0", "hit"],
    ["file", "the default lock, in batches: the naive way", "100", "99", "99 - 99", "MISSED"],
  ]);
});

test("what syncs each item is judged by the disk, at two syncs an item", () => {
  const [row] = judged({ "file-flock-fsync": { "1024-1p1c-one": [360, 350, 340] } }, [2_000, 2_000, 2_000]);
  expect(row).toEqual([
    "file-flock-fsync",
    "flock, durable, one at a time: the disk, at two syncs an item",
    ...["0.35", "0.35", "0.34 - 0.36", "hit"],
  ]);
});

test("of a round trip less is better", () => {
  const [row] = judged({ shm: { "round-trip": [2] }, "unix-socket": { "round-trip": [20] } });
  expect(row?.slice(2)).toEqual(["8.0", "10", "10 - 10", "hit"]);
});

test("a side with a run that failed is not measured", () => {
  const byHand = { naive: { "5-1p1c": [100, 100] }, file: { "5-1p1c": [900, "lost"] } };
  expect(judged(byHand)).toEqual([]);
  expect(gatesText(resultsByHand(works, byHand))).toMatch(/\n0 hit, 0 missed, \d+ not measured$/);
});

test("all that a gate names is measured for it", () => {
  const byHand: Record<string, Record<string, number[]>> = {};
  for (const { candidates, works: own } of gateTables) {
    for (const { name } of candidates) {
      byHand[name] ??= {};
      for (const work of own) Object.assign(byHand[name], { [work.name]: [1] });
    }
  }
  expect(gatesText(resultsByHand(works, byHand, { diskSyncsPerSecond: [1] }))).toMatch(/, 0 not measured$/);
});
