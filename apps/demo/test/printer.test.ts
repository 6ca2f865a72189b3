// Nobody who reads too slowly, or not at all, holds up a run, or fills the memory.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printerTo } from "../dist/printer.js";
import { freshFolder, leftIn, linesOf, MAIN, until } from "./demo-process.js";

test("lines are left out while the reader is far behind, which the next one says; the last one is always there", () => {
  const written: string[] = [];
  const outlet = { writableLength: 0, write: (text: string) => written.push(text) };
  const printer = printerTo(outlet, (lines) => `${lines} left out`);
  printer.line("one");
  outlet.writableLength = 2 ** 30;
  printer.line("two");
  printer.line("three");
  outlet.writableLength = 0;
  printer.line("four");
  outlet.writableLength = 2 ** 30;
  printer.line("five");
  printer.last("the end");
  expect(written).toEqual(["one\n", "2 left out\n", "four\n", "1 left out\n", "the end\n"]);
});

test.each([
  ["the log", []],
  ["JSON", ["--json"]],
])("a run ends whose reader stands still, and %s has its end", async (_what, how) => {
  const folder = freshFolder();
  const args = [
    "--transport",
    "memory",
    "--items",
    "1000,1000",
    "--produce-ms",
    "0",
    "--consume-ms",
    "0",
    ...how,
  ];
  const demo = `'${process.execPath}' '${MAIN}' ${args.join(" ")} --output out; echo $? > .test-code`;
  const reader = "until [ -e .test-go ]; do sleep 0.1; done; cat";
  const shell = spawn("sh", ["-c", `(${demo}) | (${reader})`], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const ended = new Promise((resolve) => shell.on("close", resolve));
  // Nobody has read a line of it.
  await until(() => expect(linesIn(join(folder, "out"))).toBe(2000));
  expect(stdout).toBe("");
  writeFileSync(join(folder, ".test-go"), "");
  await ended;
  expect(readFileSync(join(folder, ".test-code"), "utf8")).toBe("0\n");
  const last = linesOf(stdout).at(-1) ?? "";
  if (how.length === 0) expect(last).toBe("2000 produced, 2000 consumed, 0 remaining");
  else expect(JSON.parse(last)).toMatchObject({ kind: "report", consumed: 2000 });
  expect(leftIn(folder)).toEqual(["out"]);
});

function linesIn(path: string): number {
  return linesOf(readFileSync(path, "utf8")).length;
}
