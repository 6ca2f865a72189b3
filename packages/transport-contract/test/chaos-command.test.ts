import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));
const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Whose processes overwrite each other's work, unless they take turns.
const racy = join(folder, "racy.mjs");
writeFileSync(
  racy,
  `import { join } from "node:path";
   import { inDirectories } from ${url("../dist/index.js")};
   import { racyFileTransport } from ${url("./gallery/racy-file-transport.mjs")};
   const harness = (locked) => ({
     ...inDirectories((directory) => racyFileTransport({ path: join(directory, "buffer.json"), locked })),
     capabilities: racyFileTransport({ path: "/nowhere", locked }).capabilities,
   });
   export default harness(false);
   export const locked = harness(true);`,
);

function run(...args: string[]) {
  return spawnSync(process.execPath, [main, "chaos", ...args], {
    encoding: "utf8",
    env: { ...process.env, SLUICE_HISTORIES: folder },
  });
}

test.each([
  [["--kills", "many"], 'Expected --kills to be an integer from 0 to 999999999, got "many"'],
  [["--capacity", "0"], 'Expected --capacity to be an integer from 1 to 999999999, got "0"'],
  [["--producers", "100000"], 'Expected --producers to be an integer from 1 to 64, got "100000"'],
  [["--mode", "peek"], 'Expected --mode to be one of take, lease, got "peek"'],
  [["--latency-ms", "-1"], "--latency-ms"],
  [["--nope"], "Unknown option '--nope'"],
  [[], "Expected a module that exports a harness: chaos MODULE"],
  [[racy, racy], "Expected one module, got also"],
  [["./not-there.js"], "Expected the module to be importable, got ./not-there.js"],
  [[racy, "--restarts", "1"], "to have restart, for --restarts"],
  [[racy, "--latency-ms", "5"], "to have failpoints, for --latency-ms"],
])("%j: one line, and exit code 2", (args, message) => {
  const { status, stderr, stdout } = run(...args);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test("a broken promise: what it was, the command that runs it again, the history, the picture, and exit code 1", () => {
  const page = join(folder, "chaos.html");
  const { status, stderr, stdout } = run(
    racy,
    "--kills",
    "2",
    "--mode",
    "take",
    "--end-ms",
    "2000",
    "--report",
    page,
  );
  const account = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<
    "safety" | "liveness",
    string[]
  >;
  // Which of both depends on who overwrote what.
  const [fault = "nothing"] = [...account.safety, ...account.liveness];
  expect(stderr).toContain(fault);
  expect(stderr).toMatch(/^run it again: npx @sluice\/transport-contract chaos \S+ .*--seed \d+$/m);
  expect(stderr).toContain(`is kept in ${join(folder, "sluice-chaos-")}`);
  expect(readFileSync(page, "utf8")).toContain("a promise is broken");
  expect(status).toBe(1);
});

test("--help lists every option", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  for (const option of ["--mode", "--kills", "--stops", "--restarts", "--latency-ms", "--report"])
    expect(stdout).toContain(option);
});
