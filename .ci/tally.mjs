// The last line of `.ci/run`: what all of vitest's JSON reports add up to.
//
// Arguments: the names of the steps that failed. A step that failed without a failed test to show for it counts as one
// failure, and so does a package whose tests left no report, or an empty one: nothing run is nothing proved.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const LINES_SHOWN = 60;
const root = fileURLToPath(new URL("..", import.meta.url));
const dirs = [
  ".ci",
  ...["packages", "apps"].flatMap((parent) => readdirSync(root + parent).map((name) => `${parent}/${name}`)),
];

const sum = { passed: 0, failed: 0, skipped: 0 };
/** Failures of which no report says why. */
let untold = 0;
/** @param {string} reason */
const fail = (reason) => {
  console.log(`tally: ${reason}`);
  sum.failed += 1;
  untold += 1;
};

for (const dir of dirs) {
  const hasTests = [`${root}${dir}/test`, `${root}${dir}/test-d`]
    .filter(existsSync)
    .some((folder) =>
      readdirSync(folder, { recursive: true }).some((name) => /\.test(-d)?\.ts$/.test(String(name))),
    );
  const file = `${root}${dir}/.vitest/report.json`;
  if (!hasTests) continue;
  if (!existsSync(file)) {
    fail(`${dir} has tests and left no report`);
    continue;
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  const before = sum.failed;
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests;
  sum.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name, status, assertionResults } of report.testResults) {
    // A file that cannot even be loaded has no failed test of its own.
    const shown = assertionResults.some((/** @type {{ status: string }} */ test) => test.status === "failed");
    if (status === "failed" && !shown) fail(`${name.slice(root.length)} failed outside its tests`);
    // Named once more at the very end, where whoever sees only the end of a long log finds them.
    for (const test of assertionResults) {
      if (test.status !== "failed") continue;
      const why = String(test.failureMessages?.[0] ?? "").split("\n    at ")[0];
      console.log(`tally: failed, ${name.slice(root.length)}: ${test.fullName}\n${why}`.slice(0, 2000));
    }
  }
  if (report.numTotalTests === 0 && sum.failed === before) fail(`${dir} ran no test`);
  else if (!report.success && sum.failed === before) fail(`${dir} failed outside its tests`);
}

const [inTests, isAllTold] = [sum.failed, untold === 0];
for (const step of process.argv.slice(2)) {
  const isCounted = ["test", "house-rules"].includes(step) && inTests > 0;
  if (isCounted && isAllTold) continue;
  for (const line of lastLines(step)) console.log(line);
  if (!isCounted) fail(`step ${step} failed`);
}

/**
 * The end of what a step's failed tasks printed, such as an error outside of all tests; where no task is named, the step's own end.
 *
 * @param {string} step - one of `.ci/run`, or of `pnpm check` there.
 */
function lastLines(step) {
  const log = [step, "check"].map((name) => `${root}.ci/.vitest/${name}.log`).find(existsSync);
  if (log === undefined) return [];
  const all = stripVTControlCharacters(readFileSync(log, "utf8")).trimEnd().split("\n");
  // `pnpm check` has all its steps in one log, each below its name.
  const from = all.lastIndexOf(`── ${step} ──`) + 1;
  const to = from === 0 ? -1 : all.findIndex((line, at) => at > from && /^── \S+ ──$/.test(line));
  const lines = all.slice(from, to < 0 ? undefined : to);
  const tasks = [...(lines.findLast((line) => /^Failed:.*#/.test(line)) ?? "").matchAll(/[^\s,]+#[^\s,]+/g)];
  if (tasks.length === 0) return lines.slice(-LINES_SHOWN);
  return tasks.flatMap(([task]) => {
    const ofTask = lines.filter((line) => line.startsWith(`${task.replace("#", ":")}:`));
    const error = ofTask.findIndex((line) => line.includes("Unhandled Error"));
    return error < 0 ? ofTask.slice(-LINES_SHOWN) : ofTask.slice(error, error + LINES_SHOWN);
  });
}

console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
