// The last line of CI, and what stands above it: run in a workspace that is made up of reports and logs.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const TALLY = fileURLToPath(new URL("../tally.mjs", import.meta.url));

interface MadeUp {
  /** By the package's folder: what became of its tests; none where it left no report. */
  readonly packages: Readonly<Record<string, readonly ("passed" | "failed" | "pending")[] | undefined>>;
  /** By step: what it printed. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
  readonly failedSteps?: readonly string[];
}

function tallied({ packages, logs = {}, failedSteps = [] }: MadeUp) {
  const root = mkdtempSync(join(tmpdir(), "sluice-tally-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const folder of ["packages", "apps"]) mkdirSync(join(root, folder));
  mkdirSync(join(root, ".ci"));
  cpSync(TALLY, join(root, ".ci", "tally.mjs"));
  for (const [name, statuses] of Object.entries(packages)) {
    const file = `packages/${name}/test/some.test.ts`;
    write(file, "");
    if (statuses === undefined) continue;
    const assertionResults = statuses.map((status, i) => {
      const failureMessages = status === "failed" ? [`Error: it broke\n    at ${file}`] : [];
      return { status, fullName: `test ${i + 1} of ${name}`, failureMessages };
    });
    const count = (wanted: string) => statuses.filter((status) => status === wanted).length;
    const isGood = count("failed") === 0;
    const report = {
      ...{ numTotalTests: statuses.length, numPassedTests: count("passed"), numFailedTests: count("failed") },
      ...{ numPendingTests: count("pending"), numTodoTests: 0, success: isGood },
      testResults: [{ name: join(root, file), status: isGood ? "passed" : "failed", assertionResults }],
    };
    write(`packages/${name}/.vitest/report.json`, JSON.stringify(report));
  }
  for (const [step, lines] of Object.entries(logs)) write(`.ci/.vitest/${step}.log`, `${lines.join("\n")}\n`);
  const { status, stdout } = spawnSync(process.execPath, [join(root, ".ci", "tally.mjs"), ...failedSteps], {
    encoding: "utf8",
  });
  const lines = stdout.trimEnd().split("\n");
  return { status, above: lines.slice(0, -1), last: lines.at(-1) };
}

test("adds up what all packages did", () => {
  const packages = { one: ["passed", "passed", "pending"], two: ["passed"] } as const;
  expect(tallied({ packages })).toEqual({ status: 0, above: [], last: "3 passed, 0 failed, 1 skipped" });
});

test("names each test that failed, and why, and counts its step no second time", () => {
  const packages = { one: ["passed", "failed"] } as const;
  const logs = { test: ["what nobody needs to read again"] };
  expect(tallied({ packages, logs, failedSteps: ["test"] })).toEqual({
    status: 1,
    above: ["tally: failed, packages/one/test/some.test.ts: test 2 of one", "Error: it broke"],
    last: "1 passed, 1 failed, 0 skipped",
  });
});

test("a package without a report has failed, and so has one that ran nothing", () => {
  const { status, above, last } = tallied({ packages: { one: undefined, two: [], three: ["passed"] } });
  expect(above).toEqual([
    "tally: packages/one has tests and left no report",
    "tally: packages/two ran no test",
  ]);
  expect([status, last]).toEqual([1, "1 passed, 2 failed, 0 skipped"]);
});

test("nothing run is a failure", () => {
  expect(tallied({ packages: {} })).toEqual({ status: 1, above: [], last: "0 passed, 0 failed, 0 skipped" });
});

test("of a step that failed with no test to show for it, all its failed tasks are shown", () => {
  const logs = {
    test: [
      "@sluice/one:test: began",
      "@sluice/three:test: fine",
      "@sluice/one:test: Unhandled Error: stray",
      "@sluice/two:test: Aborted",
      "Failed:    @sluice/one#test, @sluice/two#test",
    ],
  };
  expect(tallied({ packages: { one: ["passed"] }, logs, failedSteps: ["test"] })).toEqual({
    status: 1,
    above: [
      "@sluice/one:test: Unhandled Error: stray",
      "@sluice/two:test: Aborted",
      "tally: step test failed",
    ],
    last: "1 passed, 1 failed, 0 skipped",
  });
});

test("of a step of the checks what is below its name is shown, and no other", () => {
  const check = ["── types ──", "wrong types", "", "── lint ──", "wrong lint", "", "── unused ──", "fine"];
  const { above } = tallied({
    packages: { one: ["passed"] },
    logs: { check },
    failedSteps: ["types", "lint"],
  });
  expect(above).toEqual([
    "wrong types",
    "",
    "tally: step types failed",
    "wrong lint",
    "",
    "tally: step lint failed",
  ]);
});

test("where a package left no report, beside tests that failed, the end of the step is shown", () => {
  const packages = { one: ["failed"], two: undefined } as const;
  const logs = { test: ["@sluice/two:test: Aborted (core dumped)", "Failed: @sluice/two#test"] };
  const { above, last } = tallied({ packages, logs, failedSteps: ["test"] });
  expect(above.at(-1)).toBe("@sluice/two:test: Aborted (core dumped)");
  expect(last).toBe("0 passed, 2 failed, 0 skipped");
});
