import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RULES } from "../src/rules/index.js";

const page = readFileSync(new URL("../RULES.md", import.meta.url), "utf8");

test("RULES.md says of every rule what its test says, with its level", () => {
  const rows = [...page.matchAll(/^\| ([A-Z]+-\d+) \| ([a-z]+) \| (.*) \| .* \|$/gm)];
  const written = rows.map(([, number, level, meaning]) => ({ number, level, meaning }));
  const tested = RULES.map(({ number, level, title }) => ({
    number,
    level,
    meaning: title.slice(number.length + 1),
  }));
  expect(written).toEqual(tested);
});

test("no number is used twice", () => {
  const numbers = RULES.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});
