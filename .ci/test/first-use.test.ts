// The README's first steps, as a newcomer takes them: pack, install in a fresh project, compile, and run its four programs in
// the order it says. Its blocks of `bash` are whole scripts; those of `sh` are commands, which readmes.test.ts runs one by one.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderOf, inBash } from "./in-bash.js";
import { fences, readmes, root } from "./workspace.js";

const temporary = mkdtempSync(join(tmpdir(), "sluice-first-use-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const [run, install, compile, ...others] = readmes.flatMap((path) =>
  fences(path, "bash").map(({ text }) => text),
);
const programs = fences("README.md", "ts").flatMap(({ text }) => {
  const name = /^\/\/ (\w+)\.ts/.exec(text)?.[1];
  return name === undefined ? [] : [{ name, text }];
});
const names = programs.map(({ name }) => name);

test("the README has these scripts and no others", () => {
  expect(others).toEqual([]);
  expect(names).toEqual(["producer", "consumer", "done", "remove"]);
  const started = [...(run ?? "").matchAll(/^node (\w+)\.ts/gm)].map((match) => match[1]);
  expect(started).toEqual(names);
});

test("its first steps work", { timeout: 600_000 }, async () => {
  const project = folderOf(root, install ?? "", temporary);
  for (const { name, text } of programs) writeFileSync(join(project, `${name}.ts`), text);

  // What `npm install --save-dev` would fetch, as this workspace has it.
  const [, ...compiling] = (compile ?? "").split("\n");
  mkdirSync(join(project, "node_modules/@types"), { recursive: true });
  mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
  const linked = { typescript: "typescript", "@types/node": "@types/node", ".bin/tsc": "typescript/bin/tsc" };
  for (const [name, target] of Object.entries(linked)) {
    symlinkSync(join(root, ".ci/node_modules", target), join(project, "node_modules", name));
  }
  inBash(project, compiling.filter((line) => !line.startsWith("node ")).join("\n"), temporary);

  const start = (name: string) => new Program(project, name);
  const producer = start("producer");
  await producer.until(() => existsSync(join(project, "jobs")));
  const consumers = [start("consumer"), start("consumer")];
  await producer.ended();
  await start("done").ended();
  const late = start("consumer");
  expect(await late.ended(), "a late consumer sees the end").toBe("");
  await start("done").ended();
  const printed = await Promise.all(consumers.map((consumer) => consumer.ended()));
  const pages = printed.flatMap((text) =>
    [...text.matchAll(/^page (\d+)$/gm)].map((match) => Number(match[1])),
  );
  expect(pages.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  await start("remove").ended();
  expect(existsSync(join(project, "jobs"))).toBe(false);
  for (const name of ["remove", "consumer", "done"]) {
    await expect(start(name).ended(), `${name} after it`).rejects.toThrow("BUFFER_NOT_FOUND");
  }
});

class Program {
  readonly #child: ChildProcess;
  readonly #end: Promise<number | null>;
  #printed = "";
  #errors = "";

  constructor(cwd: string, name: string) {
    this.#child = spawn(process.execPath, [`${name}.js`], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (bytes) => {
      this.#printed += String(bytes);
    });
    this.#child.stderr?.on("data", (bytes) => {
      this.#errors += String(bytes);
    });
    this.#end = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** What it printed; rejects with its errors if it failed. */
  async ended(): Promise<string> {
    if ((await this.#end) !== 0) throw new Error(this.#errors);
    return this.#printed;
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.#child.exitCode !== null) throw new Error(this.#errors);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
