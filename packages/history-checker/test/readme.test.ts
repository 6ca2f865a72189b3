// What the README shows is what happens: every snippet of it runs, and prints what it says it prints.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterAll, expect, test, vi } from "vitest";

const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const snippets = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

// Within the package, so that it finds itself by its name, compiled.
const folder = fileURLToPath(new URL("../node_modules/.readme/", import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("there are snippets of one process, of several, and of a take over a wire", () => {
  expect(snippets.map((text) => text.split("\n", 1)[0])).toEqual(["// runs", "// runs", "// runs"]);
  for (const name of ["recordInMemory", "recordTo", "takesInTwoSteps"]) {
    expect(
      snippets.some((text) => text.includes(name)),
      name,
    ).toBe(true);
  }
});

test.each(snippets.map((text, n) => ({ n: n + 1, text })))(
  "snippet $n prints what it says",
  async ({ n, text }) => {
    // Behind the output a comment may say more, in brackets.
    const expected = [...text.matchAll(/console\.log\(.*\); \/\/ (.*?)(?: \(.*\))?$/gm)].map(
      ([, told]) => told,
    );
    expect(expected.length).toBeGreaterThan(0);
    const printed: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((value: unknown) => {
      printed.push(typeof value === "string" ? value : inspect(value));
    });
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}${n}.ts`, text);
      await import(`${folder}${n}.ts`);
    } finally {
      log.mockRestore();
    }
    expect(printed.map((line) => line.split("\n", 1)[0])).toEqual(expected);
  },
);
