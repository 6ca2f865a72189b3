// Every rule has a broken transport that it fails, or a reason why there is none; and the page of all of them is up to date.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RULES } from "../../src/rules/index.js";
import { brokenMedia } from "./broken-media.js";
import { brokenBetweenProcesses } from "./broken-processes.js";
import { brokenTransports } from "./broken-transports.js";
import { UNBROKEN } from "./unbroken-rules.js";

const entries = [
  ...brokenTransports.map(({ what, rule }) => ({ what, rules: [rule] })),
  ...brokenBetweenProcesses.map(({ what, rules }) => ({ what, rules })),
];
const broken = new Set([...entries.flatMap(({ rules }) => rules), ...brokenMedia.map(({ rule }) => rule)]);

test("every rule is broken by a transport, or there is a reason why none can", () => {
  const without = RULES.map(({ number }) => number).filter(
    (number) => !broken.has(number) && !(number in UNBROKEN),
  );
  expect(without).toEqual([]);
});

test("no reason is given for a rule that is broken, or that there is not", () => {
  const numbers = new Set(RULES.map(({ number }) => number));
  expect(Object.keys(UNBROKEN).filter((number) => broken.has(number) || !numbers.has(number))).toEqual([]);
});

test("no two broken transports of a gallery do the same", () => {
  const all = entries.map(({ what, rules }) => `${what}: ${rules.join(", ")}`);
  expect(new Set(all).size).toBe(all.length);
});

test("MUTATIONS.md has a row for each, with the rules that name it; `pnpm mutations` writes it", () => {
  const page = readFileSync(new URL("../../MUTATIONS.md", import.meta.url), "utf8");
  const table = page.slice(0, page.indexOf("\n## "));
  const rows = [...table.matchAll(/^\| (.+?) \| (.+?) \| .*\|$/gm)].slice(1);
  const written = rows
    .filter(([, what]) => !/^-+$/.test(what ?? ""))
    .map(([, what, rules]) => `${what}: ${rules}`);
  expect(written.sort()).toEqual(entries.map(({ what, rules }) => `${what}: ${rules.join(", ")}`).sort());
});
