import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { adapters, filesIn, packages, read, root, tracked } from "./workspace.js";

const linesMax = 400;

test("the top level reads as the architecture", () => {
  const built = ["node_modules"];
  const names = readdirSync(root).filter((name) => !name.startsWith(".") && !built.includes(name));
  expect(names.sort()).toEqual(
    [
      "LICENSE",
      "README.md",
      "apps",
      "package.json",
      "packages",
      "pnpm-lock.yaml",
      "pnpm-workspace.yaml",
      "tsconfig.base.json",
      "turbo.json",
    ].sort(),
  );
});

test(`no source file is longer than ${linesMax} lines`, () => {
  const long = packages
    .flatMap((p) => filesIn(`${p.dir}/src`, ".ts"))
    .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > linesMax);
  expect(long).toEqual([]);
});

test("no tracked file names a machine's own path, or the host of a package registry", () => {
  // Spelt in parts, or this file would be the first to be found.
  const homes = ["work", "root", "home/[a-z]\\w*", "Users/[A-Za-z]\\w*"].join("|");
  const forbidden = new RegExp(`(?<![\\w.$}~-])/(?:${homes})/|\\bregistry\\.[a-z][\\w-]*\\.[a-z]+`);
  const text = /\.(?:[cm]?[jt]sx?|json|jsonc|ya?ml|md|sh|toml)$|(?:^|\/)(?:run|LICENSE|\.npmrc|\.gitignore)$/;
  const found = tracked()
    .filter((path) => text.test(path))
    .flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => (forbidden.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
  expect(found).toEqual([]);
});

test("no test is switched off or run alone in silence", () => {
  const off = /\b(?:it|test|describe)\.(?:only|todo|fails)\(|\b(?:it|test|describe)\.skip\(\s*["'`]/;
  const found = packages
    .flatMap((p) => [...filesIn(`${p.dir}/test`, ".ts"), ...filesIn(`${p.dir}/src`, ".ts")])
    .filter((path) => off.test(read(path)));
  expect(found).toEqual([]);
});

test("the contract workflow has a job for every transport", () => {
  const listed = /transport: \[([^\]]*)\]/.exec(read(".github/workflows/contract.yml"))?.[1]?.split(/,\s*/);
  expect(listed?.sort()).toEqual(adapters.map((p) => p.dir.replace("packages/transport-", "")).sort());
});
