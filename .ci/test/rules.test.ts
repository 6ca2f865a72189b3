import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesIn, read, root } from "./workspace.js";

const source = "packages/transport-contract/src";
const page = "packages/transport-contract/RULES.md";

/** A rule stands at the beginning of a heading, a list item or a row of a table. */
const defined = existsSync(join(root, page))
  ? [...read(page).matchAll(/^[\s#|*\-`[]*([A-Z]+-\d+)\b/gm)].map((match) => match[1] ?? "")
  : [];

/** A rule's test says its number first: "BOUND-1 refuses ...". */
const tested = new Set(
  filesIn(source, ".ts").flatMap((path) =>
    [...read(path).matchAll(/["'`]([A-Z]+-\d+) (?=\S)/g)].map((match) => match[1] ?? ""),
  ),
);

test("there are rules as soon as there is a page or a folder of them", () => {
  if (!existsSync(join(root, page)) && !existsSync(join(root, source, "rules"))) return;
  expect(defined.length).toBeGreaterThan(0);
  expect(tested.size).toBeGreaterThan(0);
});

test("every rule of RULES.md has a test of its number", () => {
  expect(defined.filter((rule) => !tested.has(rule))).toEqual([]);
});

test("every test of a rule has its rule in RULES.md", () => {
  expect([...tested].filter((rule) => !defined.includes(rule))).toEqual([]);
});

test("no number is used for two rules", () => {
  expect(defined.filter((rule, index) => defined.indexOf(rule) !== index)).toEqual([]);
});
