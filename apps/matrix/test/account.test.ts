// What the tests of the matrix judge by finds what it is there to find.
import { expect, test } from "vitest";
import { accountFaults } from "../dist/account.js";

const all = { produced: 3, missing: 0, redelivered: 0 };

test("items that came once each are no fault; one may come again where it was handed out again", () => {
  expect(accountFaults(["a-1", "b-1", "a-2 grown 7"], all)).toEqual([]);
  expect(accountFaults(["a-1", "b-1", "a-2", "a-2"], { ...all, redelivered: 1 })).toEqual([]);
});

test.each([
  ["an item that never came", ["a-1", "b-1"], "handlers were done with only 2"],
  ["one that nobody produced", ["a-1", "b-1", "a-2", "a-3"], "done with 4 items, of 3"],
  ["one that came twice", ["a-1", "b-1", "a-2", "a-2"], "done 1 times with an item once more"],
  ["a gap", ["a-1", "b-1", "a-3"], "of a's items 2 came, the last is 3"],
])("%s is told", (_what, done, fault) => {
  expect(accountFaults(done, all).join("\n")).toContain(fault);
});

test("what is left may be missing, and no more than that", () => {
  expect(accountFaults(["a-1"], { ...all, missing: 2 })).toEqual([]);
  expect(accountFaults(["a-1"], { ...all, missing: 1 })).toHaveLength(1);
});
