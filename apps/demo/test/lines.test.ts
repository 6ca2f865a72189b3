// --input and --output: every line arrives once, byte for byte.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, freshFolder, leftIn, linesOf, MAIN, run, until } from "./demo-process.js";

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}`);

function sortedLines(path: string): string[] {
  return linesOf(readFileSync(path, "latin1")).sort();
}

test.each([
  ["file", 2000],
  ["memory", 20_000],
])("the lines of standard input, shared among the producers, over %s", async (transport, count) => {
  let idle = await idleIn(transport, count);
  // One that a machine keeps from running has nothing: but not time and again.
  for (let n = 1; n < 5 && idle.length > 0; n++) idle = await idleIn(transport, count);
  expect(idle, "workers that had none of the lines").toEqual([]);
});

/** Those of four producers and four consumers who had none of so many lines. */
async function idleIn(transport: string, count: number): Promise<string[]> {
  const folder = freshFolder();
  const workers = ["--capacity", "64", "--producers", "4", "--consumers", "4"];
  const args = ["--transport", transport, ...workers, "--input", "-", "--output", "out", "--json"];
  const input = `${numbers(count).join("\n")}\n`;
  const ended = await run(args, { folder, input });
  expect(ended.code, ended.stderr).toBe(0);
  expect(sortedLines(join(folder, "out"))).toEqual(numbers(count).sort());
  const report = eventsOf(ended).at(-1) as {
    workers: { name: string; produced: number; consumed: number }[];
  };
  expect(report).toMatchObject({ produced: count, consumed: count, remaining: 0, lost: 0, problems: [] });
  expect(leftIn(folder)).toEqual(["out"]);
  return report.workers.filter(({ produced, consumed }) => produced + consumed === 0).map(({ name }) => name);
}

test("lines that are empty, long, not UTF-8, with carriage returns, or without an end", async () => {
  const folder = freshFolder();
  const lines = ["", "", "short", "x".repeat(65_536), "\u00ff\u00fe\u0000\u0080", "with\r", " ", "the last"];
  writeFileSync(join(folder, "in"), lines.join("\n"), "latin1");
  const { code, stderr } = await run(["--input", "in", "--output", "out", "--producers", "3"], { folder });
  expect(code, stderr).toBe(0);
  expect(sortedLines(join(folder, "out"))).toEqual([...lines].sort());
});

test("an input without lines", async () => {
  const folder = freshFolder();
  const { code, stdout } = await run(["--transport", "memory", "--input", "-", "--output", "out"], {
    folder,
    input: "",
  });
  expect(code).toBe(0);
  expect(linesOf(stdout).at(-1)).toBe("0 produced, 0 consumed, 0 remaining");
  expect(readFileSync(join(folder, "out"), "utf8")).toBe("");
});

test("an output from before is replaced", async () => {
  const folder = freshFolder();
  writeFileSync(join(folder, "out"), "from before\n".repeat(1000));
  const { code } = await run(["--transport", "memory", "--output", "out", "--consume-ms", "0"], { folder });
  expect(code).toBe(0);
  expect(sortedLines(join(folder, "out"))).toEqual([
    "P1-1",
    "P1-2",
    "P1-3",
    "P1-4",
    "P1-5",
    "P2-1",
    "P2-2",
    "P2-3",
    "P2-4",
  ]);
});

test("a line that no item can hold fails the run, and says why", async () => {
  const folder = freshFolder();
  const input = `short\n${"x".repeat(65_537)}\n`;
  const { code, stderr } = await run(["--transport", "memory", "--input", "-", "--output", "out"], {
    folder,
    input,
  });
  expect(code).toBe(5);
  expect(stderr).toBe("demo: a line of the input is longer than 65536 bytes\n");
});

test("items that cannot be written are not lost, and the exit code is not 0", async () => {
  const folder = freshFolder();
  const { code, stdout, stderr } = await run(["--items", "2", "--output", "/dev/full", "--consume-ms", "0"], {
    folder,
  });
  expect(code, stdout).toBe(4);
  expect(stderr).toBe("demo: 2 items could not be written to /dev/full\n");
  expect(stdout).toContain("2 produced, 0 consumed, 0 remaining, 2 dead");
});

test("an input that has no end yet is not waited for once the run is to stop", async () => {
  const folder = freshFolder();
  const child = spawn(process.execPath, [MAIN, "--transport", "memory", "--input", "-", "--output", "out"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.stdin.write("one\ntwo\n");
  await until(() => expect(sortedLines(join(folder, "out"))).toHaveLength(2));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(sortedLines(join(folder, "out"))).toEqual(["one", "two"]);
});
