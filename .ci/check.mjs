// `pnpm check [--skip STEP]...`: everything that a change must pass, here as in CI. Goes on after a failure, to show all of them.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { turbo } from "./turbo.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a tool of the root's devDependencies with this Node.
 *
 * @param {string} name
 * @param {readonly string[]} args
 */
function tool(name, args) {
  const folder = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const path = join(folder, typeof bin === "string" ? bin : Object.values(bin)[0]);
  return spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: "inherit" }).status ?? 1;
}

/** @type {Record<string, () => number>} */
const steps = {
  build: () => turbo(["build", "--output-logs=errors-only"]).code,
  types: () => turbo(["types", "--output-logs=errors-only", "--continue=dependencies-successful"]).code,
  lint: () => tool("@biomejs/biome", ["check", "--error-on-warnings", "."]), // lint, format and the order of imports
  unused: () => tool("knip", ["--treat-config-hints-as-errors"]),
  test: () => turbo(["test", "--concurrency=2", "--continue=dependencies-successful"]).code,
  "house-rules": () => turbo(["house-rules", "--concurrency=1"]).code, // with the package checks
};

const { skip } = parseArgs({ options: { skip: { type: "string", multiple: true, default: [] } } }).values;
const unknown = skip.find((name) => !(name in steps));
if (unknown !== undefined) {
  console.error(`There is no step "${unknown}" (steps: ${Object.keys(steps).join(", ")})`);
  process.exit(2);
}

/** @type {string[]} */
const failed = [];
for (const [name, run] of Object.entries(steps)) {
  if (skip.includes(name)) continue;
  console.log(`\n── ${name} ──`);
  if (run() !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "\nEvery check passed." : `\nFailed: ${failed.join(", ")}`);
const { SLUICE_FAILED_STEPS: list } = process.env; // asked for by .ci/run
if (list !== undefined) {
  mkdirSync(dirname(list), { recursive: true });
  writeFileSync(list, failed.length === 0 ? "" : `${failed.join(" ")}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;
