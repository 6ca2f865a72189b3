// COVERAGE.md is kept honest: every check once, and no rule or test that there is not.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { RULES } from "../src/rules/index.js";

const CHECKS = 113;

const page = readFileSync(new URL("../COVERAGE.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| (\d+) \| (.+?) \| (.*?) ?\| (.*?) ?\|$/gm)].map(
  ([, check, , rules = "", elsewhere = ""]) => ({ check: Number(check), rules, elsewhere }),
);
const numbers = new Set(RULES.map(({ number }) => number));

test("has every check once, in order", () => {
  expect(rows.map(({ check }) => check)).toEqual(Array.from({ length: CHECKS }, (_, i) => i + 1));
});

test("says of each either its rules or why there is none", () => {
  expect(rows.filter(({ rules, elsewhere }) => rules === "" && elsewhere === "")).toEqual([]);
});

test("names no rule that there is not", () => {
  const named = [...page.matchAll(/\b[A-Z]{2,}-\d+\b/g)].map(([name]) => name);
  expect(named.filter((name) => !numbers.has(name))).toEqual([]);
});

test("names, in the column of rules, nothing but rules", () => {
  const odd = rows.flatMap(({ rules }) => rules.split(", ")).filter((one) => one !== "" && !numbers.has(one));
  expect(odd).toEqual([]);
});

test("names no test that there is not", () => {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const packages = [...foldersOf(`${root}packages`), ...foldersOf(`${root}apps`)];
  const tests = new Set(
    packages
      .filter((folder) => existsSync(`${folder}/test`))
      .flatMap((folder) => readdirSync(`${folder}/test`, { recursive: true, encoding: "utf8" })),
  );
  const named = [...page.matchAll(/[a-z/-]+\.test\.ts/g)].map(([name]) => name);
  expect(named.filter((name) => !tests.has(name))).toEqual([]);
});

test("says of every capability which rules look at it", () => {
  const claims = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, claim]) => claim);
  expect(claims).toEqual(Object.keys(memoryTransport().capabilities));
});

function foldersOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}`);
}
