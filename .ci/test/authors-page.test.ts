// The page for adapter authors, done as it says: packed packages in a folder outside of the workspace, a harness, and a verdict by
// the command, by vitest and by node:test.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderOf, inBash } from "./in-bash.js";
import { fences, root } from "./workspace.js";

const PAGE = "packages/transport-contract/AUTHORS.md";
const temporary = mkdtempSync(join(tmpdir(), "sluice-authors-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const [install, ...others] = fences(PAGE, "bash").map(({ text }) => text);
const files = fences(PAGE, "js").map(({ text }) => ({ name: /^\/\/ (\S+)/.exec(text)?.[1] ?? "", text }));

test("the page has one script, and names its files", () => {
  expect(others).toEqual([]);
  expect(files.map(({ name }) => name)).toEqual([
    "harness.js",
    "file-harness.js",
    "contract.test.js",
    "vitest.config.js",
    "contract.node.test.js",
  ]);
});

test("its steps lead to a verdict", { timeout: 600_000 }, () => {
  const folder = folderOf(root, install ?? "", temporary);
  const run = (script: string) => inBash(folder, script, temporary);
  for (const { name, text } of files) writeFileSync(join(folder, name), text);

  expect(run("npx @sluice/transport-contract run ./harness.js --level required")).toMatch(
    /^conformance at level required: core, lease$/m,
  );

  // What `npm install --save-dev vitest` would fetch, as this workspace has it.
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(join(root, ".ci/node_modules/vitest"), join(folder, "node_modules/vitest"));
  // Side by side, since most of the time they wait.
  const printed = run(`export SLUICE_LEVEL=required NO_COLOR=1
    node --test --test-reporter=tap contract.node.test.js > node.txt & one=$!
    node node_modules/vitest/vitest.mjs run contract.test.js
    wait $one
    cat node.txt`);
  expect(printed).toMatch(/Tests +\d+ passed/);
  expect(printed).toMatch(/^# fail 0$/m);

  run('npm install "$TMPDIR"/*/sluice-{native-port,file-store,transport-file}-*.tgz');
  expect(run("npx @sluice/transport-contract run ./file-harness.js --only BOUND,PROC-1 --json")).toContain(
    '"PROC-1"',
  );
});
