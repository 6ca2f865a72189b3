// Goal: "flat" and "logarithmic" are said of what is so, by a rule that noise does not break. Method: costs made by hand.
import { expect, test } from "vitest";
import { growth, growthOf, works } from "../dist/growth.js";
import { tables } from "../dist/table.js";
import { resultsByHand } from "./results-by-hand.js";

const at = (...costs: readonly number[]) => costs.map((cost, index) => ({ size: 10 ** index, cost }));

test.each([
  ["flat", at(5, 5, 5, 5)],
  ["flat", at(90, 9, 5, 5)],
  ["flat", at(5, 6, 5.5, 6.4)],
  ["logarithmic", at(1, 2, 3, 4)],
  ["logarithmic", at(1, 1, 1, 1.5)],
  ["grows", at(1, 1, 2.2, 1)],
  ["grows", at(1, 10, 100)],
  // From the cheapest on: what was dear before does not hide it.
  ["grows", at(8, 1, 3, 8)],
  [undefined, at(1)],
  [undefined, []],
] as const)("%s: %j", (verdict, points) => {
  expect(growthOf(points)).toBe(verdict);
});

test("a series has a row for time and one for the processors, and a dash where there is no figure", () => {
  const series = growth.find(({ name }) => name === "items");
  if (series === undefined) throw new Error("There is no series of items");
  const own = series.points.map(({ work }) => work);
  const figures = (rates: readonly number[]) =>
    Object.fromEntries(
      own.map((work, index) => [
        work.name,
        rates[index] === undefined
          ? []
          : [{ itemsPerSecond: rates[index], cpuUsPerItem: 1e7 / rates[index] }],
      ]),
    );
  const results = resultsByHand(own, { steady: figures([1e6, 1e6, 1e6]), slower: figures([1e6, 1e5]) });
  const [table] = results.tables;
  if (table === undefined) throw new Error("There is no table");
  const points = series.points.map(({ size, work }) => ({ size, work: work.name }));
  const withSeries = { ...results, tables: [{ ...table, series: [{ ...series, points }] }] };
  const rows = tables(withSeries)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));
  expect(rows).toEqual([
    ["an item takes", "10,000", "100,000", "1,000,000"],
    ["steady", "time", "1 us", "1 us", "1 us", "flat"],
    ["CPU", "10 us", "10 us", "10 us", "flat"],
    ["slower", "time", "1 us", "10 us", "-", "grows"],
    ["CPU", "10 us", "100 us", "-", "grows"],
  ]);
});

test("every work has a name of its own", () => {
  const names = works.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
