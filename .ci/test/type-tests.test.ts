// Goal: a broken type assertion fails the type tests. Vitest passes every one of them in silence when its tsconfig
// does not include them. Method: core's own two settings files, copied beside one right and one broken assertion.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "./workspace.js";

// As deep as packages/core, so that the relative paths in the copies mean the same.
const folder = join(root, ".ci/.type-tests");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function typeTest(assertion: string): { status: number | null; output: string } {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "test-d"), { recursive: true });
  for (const name of ["vitest.config.ts", "tsconfig.test.json"]) {
    copyFileSync(join(root, "packages/core", name), join(folder, name));
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(folder, "test-d/probe.test-d.ts"),
    `import { expectTypeOf, test } from "vitest";\ntest("probe", () => {\n  ${assertion}\n});\n`,
  );
  const vitest = join(root, ".ci/node_modules/vitest/vitest.mjs");
  const run = spawnSync(process.execPath, [vitest, "run", "--root", folder], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

test("a type assertion that holds passes", () => {
  const { status, output } = typeTest("expectTypeOf(1).toEqualTypeOf<number>();");
  expect(output).toContain("1 passed");
  expect(status).toBe(0);
});

test("a broken type assertion fails", () => {
  const { status, output } = typeTest("expectTypeOf(1).toEqualTypeOf<string>();");
  expect(output).toContain("1 failed");
  expect(status).toBe(1);
});
