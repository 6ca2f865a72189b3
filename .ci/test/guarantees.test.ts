// The README says of each transport what it declares, and how many rules it was seen to keep.
import { expect, test } from "vitest";
import { guaranteesInReadme, guaranteesTable, verdictsOf } from "../guarantees.mjs";

test("the README's table of guarantees is the generated one (node .ci/guarantees.mjs --write)", () => {
  const isVerdict = (line: string) =>
    /^\| (?:rules of the contract kept|groups of rules kept whole)/.test(line);
  const lines = guaranteesTable().split("\n");
  const found = guaranteesInReadme().split("\n");
  expect(found.filter((line) => !isVerdict(line))).toEqual(lines.filter((line) => !isVerdict(line)));
  // Where the contract ran before this, as in CI, its verdicts are compared as well.
  expect(found.filter(isVerdict)).toHaveLength(2);
  if (lines.some(isVerdict)) expect(found.filter(isVerdict)).toEqual(lines.filter(isVerdict));
});

test.each([
  ["what failed once failed", ["failed", "passed"], { outcome: "failed" }],
  ["what was run once was run", ["skipped", "passed"], { outcome: "passed" }],
  [
    "what was found not to run here leaves its group open",
    ["skipped"],
    { outcome: "skipped", isUnable: true },
  ],
])("%s", (_, statuses, expected) => {
  const title = "DISK-8 has all that it told of";
  expect(verdictsOf(statuses.map((status) => ({ title, status })))).toEqual([
    expect.objectContaining({ rule: "DISK-8", ...expected }),
  ]);
});

test("a test of no rule is none of the rules", () => {
  const title = "there is a server to run the contract on";
  expect(verdictsOf([{ title, status: "passed" }])).toEqual([]);
});

test("that a rule could not be run is not forgotten for a run to which it does not apply", () => {
  const [unable, needless] = [" (cannot be run here: no strace)", " (skipped: it does not claim it)"].map(
    (why) => ({ title: `DISK-8 has all that it told of${why}`, status: "skipped" }),
  ) as [{ title: string; status: string }, { title: string; status: string }];
  for (const results of [
    [unable, needless],
    [needless, unable],
  ])
    expect(verdictsOf(results)).toEqual([expect.objectContaining({ outcome: "skipped", isUnable: true })]);
  expect(verdictsOf([needless])).toEqual([expect.objectContaining({ isUnable: false })]);
});
