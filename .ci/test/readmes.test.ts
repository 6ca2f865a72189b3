// What the READMEs show works: every command runs, every TypeScript snippet compiles, and those that say so run.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fences, filesIn, read, readmes, root } from "./workspace.js";

/** Commands that CI runs by itself, and why no test can. The key is the command as the README has it. */
const runElsewhere: Record<string, string> = {
  "pnpm check": "it is what runs this test",
  "pnpm --filter @sluice/matrix kills": "some minutes; test/kills.test.ts has it kill 10",
  "pnpm --filter @sluice/matrix test:whole": "some two minutes; CI runs all of it but what is over nats",
  "pnpm --filter @sluice/history-checker million": "ten minutes; the package's tests have 10,000 histories",
  "pnpm --filter @sluice/transport-shm kills": "10,000 kills; test/kills.test.ts has it kill 50",
};

/** What some commands need beside Node, by what they have in them: where it is not there they are not run. */
const needed = [
  { part: "demo --transport redis", program: "redis-server", required: "SLUICE_REQUIRE_REDIS" },
  { part: "demo --transport nats", program: "nats-server", required: "SLUICE_REQUIRE_NATS" },
];

function lacking(command: string): string | undefined {
  const need = needed.find(({ part }) => command.includes(part));
  if (need === undefined || process.env[need.required]) return undefined;
  return spawnSync(need.program, ["--version"]).error && `there is no ${need.program}`;
}

const ciText = [".ci/run", ...filesIn(".github/workflows", ".yml")].map(read).join("\n");

/** `npx -y pnpm@1.2.3 x`, `npx pnpm x` and `pnpm x` are the same command, also beside others with what it says in a file. */
function normal(command: string): string {
  return command
    .replace(/\s+#.*$/, "")
    .replace(/(?:\s+\d?[<>]\S+)*\s+&$/, "")
    .trim()
    .replace(/npx (?:-y )?pnpm(?:@\S+)?/g, "pnpm");
}

const runByCi = new Set(
  ciText.split("\n").map((line) => normal(line.replace(/^(?:\s*-?\s*(?:run:|step \S+)\s*|\s+)/, ""))),
);

const commands = readmes.flatMap((path) =>
  fences(path, "sh").flatMap(({ text, line }) =>
    text
      .replace(/\\\n\s*/g, " ")
      .split("\n")
      .filter((command) => /^(?:npx|pnpm|node)\b|\| *(?:npx |pnpm )/.test(command))
      .map((command) => ({ where: `${path}:${line}`, command: normal(command) })),
  ),
);

test("the README has its two commands, as .ci/run runs them", () => {
  for (const command of ["npx -y pnpm@12.21.0 demo --transport file", "npx -y pnpm@12.21.0 test"]) {
    expect(fences("README.md", "sh").some(({ text }) => text.split("\n").includes(command))).toBe(true);
    expect(read(".ci/run")).toContain(command);
  }
});

test("the command that CI and the README use is the package manager of package.json", () => {
  const { packageManager } = JSON.parse(read("package.json")) as { packageManager: string };
  const named = [...readmes, ".ci/run", ...filesIn(".github", ".yml"), ...filesIn(".github", ".md")].flatMap(
    (path) => [...read(path).matchAll(/\bpnpm@[\d.]+\d/g)].map((match) => match[0]),
  );
  expect([...new Set(named)]).toEqual([packageManager]);
});

describe("commands in READMEs", () => {
  const rest = [...new Set(commands.map(({ command }) => command))].filter(
    (command) => !runByCi.has(command),
  );
  test.for(rest)("%s", { timeout: 600_000 }, (command, context) => {
    if (command in runElsewhere) return;
    const why = lacking(command);
    context.skip(why !== undefined, why);
    const shell = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
      cwd: root,
      encoding: "utf8",
      input: "",
    });
    expect(shell.status, `${shell.stdout}${shell.stderr}`).toBe(0);
  });
});

describe("TypeScript in READMEs", () => {
  const snippets = readmes.flatMap((path) =>
    fences(path, "ts").map(({ text, line }) => ({
      where: `${path}:${line}`,
      file: `${path.replace(/\W+/g, "-")}-${line}`,
      text,
    })),
  );
  // Inside this package, whose node_modules has all of ours.
  const folder = join(root, ".ci/.snippets");

  test("compiles", () => {
    rmSync(folder, { recursive: true, force: true });
    if (snippets.length === 0) return;
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const compilerOptions = {
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      moduleDetection: "force",
      outDir: "out",
    };
    const config = { extends: "../../tsconfig.base.json", compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    for (const { file, text } of snippets) writeFileSync(join(folder, `${file}.ts`), text);
    const tsc = join(root, ".ci/node_modules/typescript/bin/tsc");
    const run = spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" });
    expect(run.stdout).toBe("");
    expect(run.status).toBe(0);
  });

  test.each(snippets.filter(({ text }) => text.startsWith("// runs")))("$where runs", ({ file }) => {
    const cwd = mkdtempSync(join(tmpdir(), "sluice-readme-"));
    try {
      const script = join(folder, "out", `${file}.js`);
      const run = spawnSync(process.execPath, [script], { cwd, encoding: "utf8", timeout: 100_000 });
      expect(run.status, `${run.stdout}${run.stderr}`).toBe(0);
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
