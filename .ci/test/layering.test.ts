import { expect, test } from "vitest";
import { adapters, filesIn, importsOf, packages, published } from "./workspace.js";

const core = packages.find((p) => p.dir === "packages/core");

function importsBelow(dir: string): { path: string; specifier: string }[] {
  return filesIn(dir, ".ts").flatMap((path) => importsOf(path).map((specifier) => ({ path, specifier })));
}

test("core imports no other package of ours, and Node's own modules alone", () => {
  const foreign = importsBelow("packages/core/src").filter(
    ({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"),
  );
  expect(foreign).toEqual([]);
});

test("core has no runtime dependencies", () => {
  const { dependencies, peerDependencies, optionalDependencies } = core?.manifest ?? {
    dependencies: { core: "?" },
  };
  expect({ ...dependencies, ...peerDependencies, ...optionalDependencies }).toEqual({});
});

test("the adapters are found", () => {
  expect(adapters.map((p) => p.dir)).toEqual(
    expect.arrayContaining(["packages/transport-file", "packages/transport-memory"]),
  );
});

// What more than one adapter stands on, and is no adapter itself.
const shared = ["@sluice/native-port", "@sluice/file-store"];

test.each(adapters.map((p) => p.dir))("%s imports core and what is shared, and no other adapter", (dir) => {
  const allowed = ["@sluice/core", ...shared];
  const foreign = importsBelow(`${dir}/src`).filter(
    ({ specifier }) => specifier.startsWith("@sluice/") && !allowed.includes(specifier),
  );
  expect(foreign).toEqual([]);
});

test.each(packages.filter((p) => shared.includes(p.manifest.name)))("$dir imports no adapter", ({ dir }) => {
  const foreign = importsBelow(`${dir}/src`).filter(({ specifier }) =>
    adapters.some(({ manifest }) => manifest.name === specifier),
  );
  expect(foreign).toEqual([]);
});

const checker = packages.find((p) => p.dir === "packages/history-checker");

test("the history checker is for any queue: it needs none of ours, and nothing else", () => {
  const { dependencies, peerDependencies, optionalDependencies } = checker?.manifest ?? {
    dependencies: { checker: "?" },
  };
  expect({ ...dependencies, ...peerDependencies, ...optionalDependencies }).toEqual({});
  const foreign = importsBelow("packages/history-checker/src").filter(
    ({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"),
  );
  expect(foreign).toEqual([]);
});

const onCore = published.filter((p) => p !== core && p !== checker);

test.each(onCore)("$dir has core as a peer, and only there", ({ manifest }) => {
  expect(manifest.peerDependencies).toHaveProperty("@sluice/core");
  expect(manifest.dependencies ?? {}).not.toHaveProperty("@sluice/core");
  // A caret would make a major version of every adapter out of each minor one of core before 1.0: changesets calls that
  // a breaking change. Whether the two fit is told at run time, by interfaceVersion.
  expect(manifest.peerDependencies?.["@sluice/core"]).toMatch(/^workspace:>=\d+\.\d+\.\d+ <\d+\.0\.0$/);
  // What must be there at run time is there for users too: nothing of ours but core, what adapters share, and the checker.
  const ours = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((name) =>
    name.startsWith("@sluice/"),
  );
  const others = [...shared, checker?.manifest.name];
  expect(ours.filter((name) => !others.includes(name))).toEqual(["@sluice/core"]);
});
