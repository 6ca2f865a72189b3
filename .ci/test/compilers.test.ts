// What users' compilers make of the declarations, the oldest that the README names and the newest: that core's type tests hold for
// both (those of the newest run in core), and what is said of a type that JSON cannot carry.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { read, root } from "./workspace.js";

const compilers = { oldest: "typescript-oldest", newest: "typescript" };
const folder = join(root, ".ci/.compilers");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
});
