// What users' compilers make of the declarations, the oldest that the README names and the newest: that core's type tests hold for
// both (those of the newest run in core), what is said of a type that JSON cannot carry, and that the types of
// Node are needed where the README says so, and nowhere else.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fences, published, read, root } from "./workspace.js";

const compilers = { oldest: "typescript-oldest", newest: "typescript" };
const folder = join(root, ".ci/.compilers");
// Outside of the workspace, where no compiler finds the types of Node.
const outside = mkdtempSync(join(tmpdir(), "sluice-compilers-"));
// The contract is for tests, which have them.
const bare = published
  .map(({ manifest }) => manifest.name)
  .filter((name) => !/\/transport-(?:redis|contract)$/.test(name));
beforeAll(() => {
  for (const name of bare) copyDeclarations(name, join(root, ".ci/node_modules"));
  writeFileSync(join(outside, "package.json"), JSON.stringify({ type: "module" }));
});
afterAll(() => {
  for (const path of [folder, outside]) rmSync(path, { recursive: true, force: true });
});

/** What a compiler says of these files; empty if it has nothing to say. */
function compile(compiler: string, cwd: string, files: readonly string[], options: object): string {
  const compilerOptions = { noEmit: true, module: "nodenext", target: "es2022", strict: true, ...options };
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(root, ".ci/node_modules", compiler, "bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "--pretty", "false"], { cwd, encoding: "utf8" });
  return `${run.stdout}${run.stderr}`;
}

test("the oldest is what the README says", () => {
  const { version } = JSON.parse(read(".ci/node_modules/typescript-oldest/package.json")) as {
    version: string;
  };
  const named = /TypeScript (\d+\.\d+)\s+or newer/.exec(read("README.md"))?.[1];
  expect(version.startsWith(`${named}.`), `${version} for ${named}`).toBe(true);
});

test("core's type tests hold for the oldest", () => {
  const tests = join(root, "packages/core/test-d");
  const files = [join(tests, "face.test-d.ts"), join(tests, "errors.test-d.ts")];
  const options = { types: ["node"], exactOptionalPropertyTypes: true, skipLibCheck: true };
  expect(compile(compilers.oldest, folder, files, options)).toBe("");
});

describe.each(Object.values(compilers))("%s", (compiler) => {
  test("says of a type that JSON cannot carry that it needs a codec, and of other mistakes what they are", () => {
    const calls = {
      "createBuffer<{ when: Date }>(transport, { capacity: 5 })":
        /Property 'codec' is missing in .* but required in type 'JsonCannotCarry<\{ when: Date; \}>'/,
      "openOrCreateBuffer<bigint>(transport, { capacity: 5 })": /required in type 'JsonCannotCarry<bigint>'/,
      "createBuffer<string>(transport, {})": /Property 'capacity' is missing/,
      "createBuffer<Date>(transport, { capacity: 5, codec: structured, leaseMS: 5 })":
        /Did you mean to write 'leaseMs'/,
      "openBuffer<Date>(transport, { capacity: '5' })": /Type 'string' is not assignable to type 'number'/,
    };
    mkdirSync(folder, { recursive: true });
    const names = "type BufferTransport, createBuffer, openBuffer, openOrCreateBuffer, structured";
    const head = `import { ${names} } from "@sluice/core"; declare const transport: BufferTransport;`;
    writeFileSync(join(folder, "calls.ts"), [head, ...Object.keys(calls)].join("\n"));
    const output = compile(compiler, folder, ["calls.ts"], { types: ["node"], skipLibCheck: true });
    const errors = output.split(/^calls\.ts\(/m).slice(1);
    expect(errors.length, output).toBe(Object.keys(calls).length);
    for (const [n, message] of Object.values(calls).entries()) expect(errors[n]).toMatch(message);
  });

  test("needs no types of Node, but for Redis, as the README says", () => {
    const lib = /but for Redis[^`]*`"lib": (\[[^\]]*\])`/.exec(read("README.md"))?.[1];
    const programs = fences("README.md", "ts").map(({ text }) => text);
    expect(programs).not.toEqual([]);
    // The client of NATS has types that the oldest cannot read, which the README says too.
    const asked = bare.filter((name) => compiler !== compilers.oldest || !name.endsWith("/transport-nats"));
    const imports = asked.map((name, n) => `import * as it${n} from "${name}"; void it${n};`);
    const texts = [...programs, imports.join("\n")];
    for (const [n, text] of texts.entries()) writeFileSync(join(outside, `${n}.ts`), text);
    const files = texts.map((_, n) => `${n}.ts`);
    expect(compile(compiler, outside, files, { lib: JSON.parse(lib ?? "[]") })).toBe("");
  });
});

/** Copies the declarations of a package, and of what it depends on, to where there is nothing else. */
function copyDeclarations(name: string, from: string): void {
  const to = join(outside, "node_modules", name);
  if (!existsSync(join(from, name)) || existsSync(to)) return;
  const place = realpathSync(join(from, name));
  const isCopied = (path: string) =>
    statSync(path).isDirectory()
      ? !/\/(?:node_modules|src|test)$/.test(path.slice(place.length))
      : /\.d\.[cm]?ts$|\/package\.json$/.test(path);
  cpSync(place, to, { recursive: true, filter: isCopied });
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    readFileSync(join(place, "package.json"), "utf8"),
  ) as {
    dependencies?: object;
    peerDependencies?: object;
  };
  // In a workspace they lie in its own folder, else beside it.
  const beside = place.replace(/(.*\/node_modules)\/.*/, "$1");
  for (const other of Object.keys({ ...dependencies, ...peerDependencies })) {
    for (const folderOfThem of [join(place, "node_modules"), beside]) copyDeclarations(other, folderOfThem);
  }
}
