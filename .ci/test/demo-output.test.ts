// The README's first screen shows what the demo prints, but for its times and numbers.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { fences, root } from "./workspace.js";

/** What is left of a line when the run's own are taken out: its place, which process, how many of how many, whether it had to wait. */
function shape(line: string): string {
  return (
    line
      .replace(/(?<=Producer-|Consumer-|P)\d+/g, "#")
      .replace(/, (?:waited|time in the buffer) .*/, "")
      .replace(/\S+\/sluice-demo-\w+/, "a folder")
      .replace(/\d+(?:\.\d+)?/g, "#")
      // A time is long or short.
      .replace(/# m?s\b/g, "# s")
  );
}

test("the demo prints what the README shows", () => {
  const shown = (fences("README.md", "text")[0]?.text ?? "").split("\n").filter((line) => line.trim() !== "");
  const run = spawnSync(process.execPath, ["apps/demo/dist/main.js", "--transport", "file"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(run.status, run.stderr).toBe(0);
  const printed = new Set(run.stdout.split("\n").map(shape));
  const missing = shown.filter((line) => line !== "…" && !printed.has(shape(line)));
  expect(missing).toEqual([]);
  expect(run.stdout.trimEnd().split("\n").at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(shown.at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
});
