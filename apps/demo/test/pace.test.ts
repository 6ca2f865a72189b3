import { expect, test } from "vitest";
import { delaysOf } from "../dist/pace.js";

function row(seed: number, worker: number, range = { min: 20, max: 80 }): number[] {
  const next = delaysOf(range, seed, worker);
  return Array.from({ length: 200 }, next);
}

test("the same seed gives the same pace, another one another", () => {
  expect(row(7, 0)).toEqual(row(7, 0));
  expect(row(8, 0)).not.toEqual(row(7, 0));
});

test("each worker has its own pace", () => {
  expect(row(7, 1)).not.toEqual(row(7, 0));
});

test("every time is in its range, and both ends occur", () => {
  const times = row(7, 0, { min: 3, max: 6 });
  expect([...new Set(times)].sort()).toEqual([3, 4, 5, 6]);
});
