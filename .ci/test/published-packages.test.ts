// What users would install: packed as a release packs it, then judged by publint and by "are the types wrong".
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, describe, expect, test } from "vitest";
import { filesIn, published, root } from "./workspace.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-packed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(published)("$manifest.name", ({ dir, manifest }) => {
  const tarball = pack(dir, manifest.name);

  test("publint has nothing to say", async () => {
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({
      strict: true,
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test("its types are right for every ESM resolution", () => {
    const attw = join(root, ".ci/node_modules/@arethetypeswrong/cli/dist/index.js");
    const run = spawnSync(process.execPath, [attw, tarball, "--profile", "esm-only", "--no-color"], {
      encoding: "utf8",
    });
    expect(run.status, `${run.stdout}${run.stderr}`).toBe(0);
  });

  test("it holds its sources, what they are built to, its licence and its README, and nothing else", () => {
    const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" })
      .split("\n")
      .filter(Boolean)
      .map((name) => name.replace(/^package\//, ""));
    expect(names).toEqual(
      expect.arrayContaining(["package.json", "LICENSE", "README.md", "dist/index.d.ts"]),
    );
    const inSource = filesIn(`${dir}/src`).map((path) => path.slice(dir.length + 1));
    expect(names).toEqual(expect.arrayContaining(inSource));
    const stems = new Set(inSource.map((path) => path.replace(/^src\//, "").replace(/\.ts$/, "")));
    const stray = names.filter(
      (name) =>
        !inSource.includes(name) &&
        !/^(?:package\.json|LICENSE|(?:decisions\/[\w-]+|[A-Z]+)\.md|lua\/(?:parts\/)?[\w-]+\.lua)$/.test(
          name,
        ) &&
        !/^dist\/chunks\/[\w-]+\.js(?:\.map)?$/.test(name) &&
        !stems.has(name.replace(/^dist\//, "").replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, "")),
    );
    expect(stray).toEqual([]);
  });

  test("the code of each of its modules lies in one file, so that what a module remembers is remembered once", () => {
    const maps = readdirSync(join(root, dir, "dist"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".js.map"),
    );
    const compiled = maps.flatMap((name) => {
      const { sources } = JSON.parse(readFileSync(join(root, dir, "dist", name), "utf8")) as {
        sources: string[];
      };
      return sources.map((source) => join(name, "..", source));
    });
    expect(compiled.length).toBeGreaterThan(0);
    expect(compiled.filter((source, n) => compiled.indexOf(source) !== n)).toEqual([]);
  });

  test("its manifest has no protocol that only the workspace understands", () => {
    const packed = execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" });
    expect(packed).not.toMatch(/"(?:workspace|catalog):/);
  });
});

function pack(dir: string, name: string): string {
  const destination = join(folder, name.replace(/\W+/g, "-"));
  // A build that comes from turbo's cache has pruned nothing.
  execFileSync(process.execPath, [join(root, ".ci/prune.mjs")], { cwd: join(root, dir) });
  execFileSync("pnpm", ["pack", "--pack-destination", destination], { cwd: join(root, dir), stdio: "pipe" });
  const file = readdirSync(destination)[0];
  if (file === undefined) throw new Error(`pnpm packed nothing for ${name}`);
  return join(destination, file);
}
