// The program as users run it, with few items: that all runs are valid, and that the table has all rows. Nothing is said
// about how fast: no test asserts a time.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unwarned } from "@sluice/test-support";
import { afterAll, describe, expect, test } from "vitest";
import { readArgs } from "../dist/args.js";
import { candidates } from "../dist/candidates.js";
import { works } from "../dist/growth.js";
import { UsageError } from "../dist/option-values.js";
import { readResults, resultsText } from "../dist/results.js";
import { selections } from "../dist/selections.js";
import { resultsByHand } from "./results-by-hand.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
// For buffers, and for what is written on purpose.
const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
const outputs = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => {
  for (const path of [directory, outputs]) rmSync(path, { recursive: true, force: true });
});

function bench(...args: string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, TMPDIR: directory };
  const run = spawnSync(process.execPath, [main, ...args], { cwd: outputs, env, encoding: "utf8" });
  return { ...run, stderr: unwarned(run.stderr) };
}

const set = selections.find(({ name }) => name === "file") as (typeof selections)[number];

test("a set runs, every run is valid, every row is there, and its results can be shown again", {
  timeout: 300_000,
}, () => {
  const args = ["--set", "file", "--quick", "--items", "150", "--rounds", "1"];
  const { status, stdout, stderr } = bench(...args, "--json", "raw.json", "--page", "page.html");
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });

  const raw = readResults(join(outputs, "raw.json"));
  for (const value of Object.values(raw.machine)) expect(value).toBeTruthy();
  const leftOut = raw.leftOut.map(({ name }) => name);
  const present = set.candidates.filter(({ name }) => !leftOut.includes(name));
  expect(present.length, "those that need nothing beyond an install").toBeGreaterThanOrEqual(4);
  const measured = works.filter(({ name }) => set.works.includes(name));
  const expected = measured.flatMap((work) =>
    present.map((candidate) => ({ work: work.name, candidate: candidate.name })),
  );
  expect(raw.runs.map(({ work, candidate }) => ({ work, candidate }))).toEqual(expected);
  for (const run of raw.runs) expect(run).toMatchObject({ round: 1, count: 150, outcome: { isValid: true } });
  expect(raw.diskSyncsPerSecond).toHaveLength(1);

  const blocks = stdout.split("\n\n");
  for (const work of measured) {
    const [, ...rows] = blocks.find((block) => block.startsWith(work.title))?.split("\n") ?? [];
    for (const [index, { name }] of present.entries()) {
      // A name, figures, and the ratio.
      expect(rows[index + 1], work.title).toMatch(new RegExp(`^ {2}${name} .*\\d.* [\\d.,]+$`));
    }
  }

  const page = readFileSync(join(outputs, "page.html"), "utf8");
  // Made again without writing them again, in another folder: it names where they are from there.
  mkdirSync(join(outputs, "pages"));
  expect(bench("--results", "raw.json", "--page", "pages/again.html").status).toBe(0);
  const elsewhere = readFileSync(join(outputs, "pages/again.html"), "utf8");
  expect(elsewhere).toContain('<a href="../raw.json">../raw.json</a>');
  expect(elsewhere.replaceAll("../raw.json", "raw.json") === page, "whether it is the same page").toBe(true);
  const again = bench(
    "--results",
    "raw.json",
    "--page",
    "again.html",
    "--json",
    "again.json",
    "--compare",
    "raw.json",
  );
  expect({ status: again.status, stderr: again.stderr }).toEqual({ status: 0, stderr: "" });
  for (const work of measured) expect(again.stdout).toContain(work.title);
  for (const text of [stdout, again.stdout]) expect(text).toContain("Too few items to compare by");
  expect(again.stdout).toContain(`${raw.runs.length} figures, 0 changed beyond the noise`);
  expect(again.stdout).toContain(`${raw.runs.length} have fewer than 4 rounds`);
  expect(readResults(join(outputs, "again.json"))).toEqual(raw);
  const pageAgain = readFileSync(join(outputs, "again.html"), "utf8").replaceAll("again.json", "raw.json");
  expect(pageAgain === page, "whether the page of the file is that of the run").toBe(true);
  expect(readdirSync(directory), "the directory for temporary files").toEqual([]);
});

test("--only measures one candidate with one work; without the other of the ratio there is none", () => {
  const { status, stdout } = bench("--only", "file", "--only", "5-1p1c", "--items", "10", "--rounds", "1");
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/^ {2}file .* -$/m);
  expect(stdout).not.toMatch(/file-fsync|^ {2}naive|round trip/m);
});

test("works that say how many items they are have no more, and a backlog is one", () => {
  const args = ["--only", "shm,items-10000,backlog-1000,10-1p1c", "--items", "2000", "--rounds", "1"];
  const { status, stdout } = bench(...args, "--json", "counts.json");
  expect(status, stdout).toBe(0);
  const counts = readResults(join(outputs, "counts.json")).runs.map(({ work, count }) => [work, count]);
  expect(counts).toEqual([
    ["items-10000", 2_000],
    ["10-1p1c", 2_000],
    ["backlog-1000", 1_000],
  ]);
});

test("--only may have several, --item-bytes too, and --lead turns the ratio round", () => {
  const args = ["--only", "naive,file-port", "--only", "round-trip", "--item-bytes", "64,1024"];
  const { status, stdout } = bench(...args, "--lead", "naive", "--items", "10", "--rounds", "1");
  expect(status, stdout).toBe(0);
  expect(stdout).toContain("Items of 64 and of 1024 bytes");
  expect(stdout.match(/^ {2}naive .* 1\.0$/gm)).toHaveLength(2);
  expect(stdout.match(/^ {2}file-port .* [\d.,]+$/gm)).toHaveLength(2);
  expect(stdout.match(/ naive is ahead by$/gm)).toHaveLength(2);
});

test("many calls under way at once and batches of another size are in the titles, and who has none is marked", () => {
  const args = [
    "--only",
    "naive,file,5-1p1c-concurrent,1024-1p1c",
    "--outstanding",
    "64,7",
    "--batch",
    "256",
  ];
  const { status, stdout } = bench(...args, "--items", "150", "--rounds", "1");
  expect(status, stdout).toBe(0);
  expect(stdout.match(/^capacity .*$/gm)).toEqual([
    "capacity 1024, 1 producer, 1 consumer, in batches of 256",
    "capacity 5, 1 producer, 1 consumer, one item a call, 64 calls under way at once in each",
    "capacity 5, 1 producer, 1 consumer, one item a call, 7 calls under way at once in each",
  ]);
  expect(stdout.match(/^ {2}naive \(one at a time\) .* 1\.0$/gm)).toHaveLength(3);
  expect(stdout.match(/^ {2}file {2}.* [\d.,]+$/gm)).toHaveLength(3);
});

test("the gates of a few candidates can be shown, and what was not measured is said", () => {
  const args = ["--only", "naive,file,5-1p1c", "--items", "20", "--rounds", "2"];
  expect(bench(...args, "--json", "gates.json").status).toBe(0);
  const { status, stdout } = bench("--results", "gates.json", "--gates");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}file +the default lock, capacity 5: the naive way +5\.0 .* (?:hit|MISSED)$/m);
  expect(stdout).toMatch(/^[01] hit, [01] missed, \d+ not measured$/m);
});

test.each([
  [["--quick"], 1, ["all"], (works: number) => works === 3],
  [[], 5, ["all"], (works: number) => works > 3],
  [
    ["--full"],
    5,
    ["all", "processes", "sizes", "codecs", "concurrent", "durable", "growth"],
    (works: number) => works > 20,
  ],
] as const)("%j is %i rounds of %j", (args, rounds, names, isMany) => {
  const command = readArgs(args);
  if (command.kind !== "run") throw new Error("It measures nothing");
  const { tables } = command.options;
  expect(command.options.rounds).toBe(rounds);
  expect(tables.map(({ name }) => name)).toEqual(names);
  expect(tables.map(({ works: own }) => own.length).reduce((sum, one) => sum + one)).toSatisfy(isMany);
  // Each transport of ours, and peers of each kind.
  const measured = tables.flatMap((table) => table.candidates.map(({ name }) => name));
  const some = [
    "file",
    "file-flock",
    "shm",
    "zeromq",
    "naive",
    "redis-lua",
    "jetstream",
    "sqlite",
    "mpmc-ring",
  ];
  expect(measured).toEqual(expect.arrayContaining(some));
});

test("--help shows what there is", () => {
  const { status, stdout } = bench("--help");
  expect(status).toBe(0);
  for (const { name } of [...candidates, ...works, ...selections]) expect(stdout).toContain(name);
});

describe("wrong use is told in one line", () => {
  test.each([
    [["--what"], "Unknown option '--what'"],
    [["file"], "Unexpected argument 'file'"],
    [["--rounds", "0"], '--rounds must be an integer from 1 to 1000, got "0"'],
    [["--rounds", "2.5"], '--rounds must be an integer from 1 to 1000, got "2.5"'],
    [["--items", "9"], '--items must be an integer from 10 to 999999999, got "9"'],
    [["--items", "1e3"], '--items must be an integer from 10 to 999999999, got "1e3"'],
    [["--items"], "Option '--items <value>' argument missing"],
    [["--only", "nothing"], 'There is no "nothing" to measure; there are naive, file, '],
    [["--only", "file,"], 'There is no "" to measure'],
    [["--set", "nothing"], "--set must be one of all, file, shm, "],
    [["--full", "--set", "file"], "--full and --set: each says what is measured, give one of them"],
    [["--gates", "--quick"], "--gates and --quick: each says what is measured, give one of them"],
    [["--gates", "--batch", "64"], "--gates says what is measured, and so --batch has no meaning with it"],
    [["--budget", "0"], '--budget must be an integer from 1 to 10000, got "0"'],
    [["--compare", "none.json"], '--compare cannot be read from "none.json": there is no such file'],
    [["--results", "none.json"], '--results cannot be read from "none.json": there is no such file'],
    [["--page", "."], '--page needs the path of a file, and "." is a directory'],
    [["--batch", "1"], '--batch must be an integer from 2 to 1024, got "1"'],
    [["--outstanding", "64,10001"], '--outstanding must be an integer from 2 to 10000, got "10001"'],
    [["--item-bytes", "64,19"], '--item-bytes must be an integer from 20 to 65536, got "19"'],
    [
      ["--set", "file", "--against", "zeromq-tcp"],
      '--against must be one of naive, file, file-flock, sqlite, lmdb, file-fsync, got "zeromq-tcp"',
    ],
    [["--only", "file", "--lead", "nothing"], '--lead must be one of file, got "nothing"'],
    [["--against", "file", "--lead", "file"], "--against and --lead are two ways to print one column"],
    [["--json", "no/such/raw.json"], '--json needs a directory that exists, and "no/such" does not'],
    [["--json", "."], '--json needs the path of a file, and "." is a directory'],
    [["--json", ""], '--json needs the path of a file, got ""'],
  ])("%j", (args, message) => {
    expect(() => readArgs(args)).toThrow(UsageError);
    expect(() => readArgs(args)).toThrow(message);
    expect(() => readArgs(args)).not.toThrow("\n");
  });

  test("with exit code 2, and nothing is made", () => {
    const { status, stdout, stderr } = bench("--only", "nothing");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^bench: There is no "nothing" to measure[^\n]+\(--help shows the options\)\n$/);
    expect(readdirSync(directory)).toEqual([]);
  });
});

test.each([
  ["{}", "these are no results of this benchmark"],
  ['{"format":1,"runs":[],"tables":[]}', "these are no results of this benchmark"],
  ["null", "these are no results of this benchmark"],
  ['{"format":0,"runs":[],"tables":[]}', "their format is 0, and 1 is read here"],
  ["what?", "is not valid JSON"],
])("a file that holds no results, or those of another time, is refused: %s", (text, why) => {
  const old = join(outputs, "old.json");
  writeFileSync(old, text);
  for (const option of ["compare", "results"]) {
    const reading = () => readArgs([`--${option}`, old]);
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(`--${option} cannot be read from `);
    expect(reading).toThrow(why);
  }
});

test("with results that were measured before, nothing that says how to measure has a meaning", () => {
  const old = join(outputs, "old.json");
  writeFileSync(old, resultsText(resultsByHand([], {})));
  expect(() => readArgs(["--results", old, "--rounds", "3"])).toThrow(
    "--results measures nothing, and so --rounds has no meaning with it",
  );
});
