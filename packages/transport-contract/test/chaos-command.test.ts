import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));
const memory = fileURLToPath(new URL("../../transport-memory/dist/index.js", import.meta.url));

function run(...args: string[]) {
  return spawnSync(process.execPath, [main, "chaos", ...args], { encoding: "utf8" });
}

test.each([
  [["--kills", "many"], 'Expected --kills to be an integer from 0 to 999999999, got "many"'],
  [["--capacity", "0"], 'Expected --capacity to be an integer from 1 to 999999999, got "0"'],
  [["--producers", "100000"], 'Expected --producers to be an integer from 1 to 64, got "100000"'],
  [["--mode", "peek"], 'Expected --mode to be take or lease, got "peek"'],
  [["--nope"], "Unknown option '--nope'"],
  [[], "Expected --transport-module with a value"],
  [
    ["--transport-module", "./not-there.js", "--factory", "f"],
    "Expected --transport-module to be importable",
  ],
  [["--transport-module", memory, "--factory", "nope"], "Expected --factory to name a function of"],
  [
    ["--transport-module", memory, "--factory", "memoryTransport", "--options", "{"],
    "Expected --options to be JSON",
  ],
  [
    ["--transport-module", memory, "--factory", "memoryTransport", "--options", '{"name":7}'],
    "Expected memoryTransport to accept",
  ],
])("%j: one line, and exit code 2", (args, message) => {
  const { status, stderr, stdout } = run(...args);
  // A bad value is found before what is missing.
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test("--help lists every option", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("--transport-module");
  expect(stdout).toContain("--failpoints");
});
