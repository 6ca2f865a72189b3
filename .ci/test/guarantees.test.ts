// The README says of each transport what it declares, and how many rules it was seen to keep.
import { expect, test } from "vitest";
import { guaranteesInReadme, guaranteesTable } from "../guarantees.mjs";

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
