// The command, as adapter authors run it: a module with a harness, no test runner.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { RULES } from "../src/rules/index.js";

const main = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));
const memory = JSON.stringify(new URL("../../transport-memory/dist/index.js", import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), "sluice-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function moduleOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `import { memoryTransport } from ${memory};\n${text}`);
  return file;
}

/** The text of one with the memory transport. @param members - that it has besides, or instead. */
function harnessWith(members: string): string {
  return `export default {
    createTransport: () => memoryTransport(),
    capabilities: memoryTransport().capabilities,
    ${members}
  };`;
}

const good = moduleOf("good.mjs", harnessWith(""));
// Its name is no word: LIFE-17 fails it.
const bad = moduleOf(
  "bad.mjs",
  `export default () => ({
     createTransport: () => ({ ...memoryTransport(), name: "Not a word" }),
     capabilities: memoryTransport().capabilities,
   });`,
);
const empty = moduleOf("empty.mjs", "export const nothing = 1;");
const odd = moduleOf("odd.mjs", harnessWith("capabilities: {}"));
const failing = moduleOf("failing.mjs", 'export default () => { throw new Error("no"); };');
const misspelt = moduleOf("misspelt.mjs", harnessWith("cleanUp() {}"));
moduleOf("wrong.mjs", "export const f = () => {\n  return 1 }};");
const importing = moduleOf("importing.mjs", 'import "./wrong.mjs";');
const linking = moduleOf("linking.mjs", 'import { none } from "./good.mjs";');
const half = moduleOf("half.mjs", "export default { createTransport: () => memoryTransport() };");

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env: { ...process.env, ...env } });
}

test("a transport that keeps its rules: a table, how far it got, and exit code 0", () => {
  const { stdout, stderr, status } = run([
    "run",
    good,
    "--only",
    "BOUND,RETRY-1,PROC-1",
    "--except",
    "BOUND-2",
    "--seed",
    "7",
  ]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^rule +level +verdict +time$/m);
  expect(stdout).toMatch(/^BOUND-1 +required +passed +\d+ ms +accepts capacity items/m);
  expect(stdout).toMatch(/^PROC-1 +required +skipped +its reach is the process$/m);
  // Not kept: most of its rules were not asked for.
  expect(stdout).toMatch(/^core +open +\d+ +0 +0 +\d+$/m);
  expect(stdout).toMatch(/^conformance at level stochastic: none$/m);
  expect(stdout).not.toMatch(/^BOUND-2 /m);
  // Of BOUND all but one, and two more.
  expect(stderr.trimEnd().split("\n")).toHaveLength(RULES.filter(isBound).length - 1 + 2);
});

test("a whole run says which groups are kept, at the level that was asked for", () => {
  const { stdout, status } = run(["run", good, "--level", "required", "--json"]);
  expect(status).toBe(0);
  const report = JSON.parse(stdout) as { conformance: string; level: string; rules: { level: string }[] };
  expect(report.conformance).toBe("core, lease");
  expect(report.level).toBe("required");
  expect(new Set(report.rules.map(({ level }) => level))).toEqual(new Set(["required"]));
});

test("a rule that is broken: what it says, what was expected, the command that runs it again, and exit code 1", () => {
  const { stdout, status } = run(["run", bad, "--only", "LIFE-17", "--seed", "11"]);
  expect(status).toBe(1);
  // What the rule says stands above what was seen of it.
  expect(stdout).toMatch(/^LIFE-17 .+\nLIFE-17: Expected a word as name, got Not a word$/m);
  expect(stdout).toContain(`npx @sluice/transport-contract run ${bad} --only LIFE-17 --seed 11`);
  expect(stdout).toMatch(/^core +broken/m);
});

test("the line that runs it again has all that a run depends on", () => {
  const odd = moduleOf("it's bad.mjs", `export { default } from ${JSON.stringify(bad)};`);
  const env = { SLUICE_EFFORT: "0.5", SLUICE_TIMEOUT_SCALE: "2", SLUICE_SEED: "12" };
  const { stdout } = run(["run", odd, "--only", "LIFE", "--level", "required"], env);
  const [, line = "none"] = /\(run it again: (.*)\)/.exec(stdout) ?? [];
  const command = "npx @sluice/transport-contract ";
  expect(line).toMatch(/^SLUICE_TIMEOUT_SCALE=2 npx .* --only LIFE-17 --seed 12 --effort 0\.5$/);
  const quoted = line.replace(command, `"$NODE" "$MAIN" `);
  const again = spawnSync("sh", ["-c", quoted], {
    encoding: "utf8",
    env: { ...process.env, NODE: process.execPath, MAIN: main },
  });
  expect(again.stdout).toContain(`(run it again: ${line})`);
});

test.each([
  ["setInterval(() => {}, 1000)", "1 × timer"],
  ['(await import("node:net")).createServer().listen(0, "127.0.0.1")', "1 × server"],
  ['(await import("node:child_process")).spawn("sleep", ["60"], { stdio: "ignore" })', "1 × child process"],
])("what an adapter leaves alive is told, and does not keep the command: %s", (leave, what) => {
  const leaving = moduleOf(
    "leaving.mjs",
    `const left = ${leave};
     process.on("exit", () => left.kill?.());
     ${harnessWith("")}`,
  );
  const { status, stderr, stdout } = run(["run", leaving, "--only", "RETRY-1"]);
  expect(stdout).toMatch(/^RETRY-1 +required +passed/m);
  expect(stderr).toContain(`left something alive (${what}); ended all the same\n`);
  expect(status).toBe(0);
});

test.each([
  ["() => Promise.reject(new Error('no'))", /the harness's cleanup to go well, it rejected with Error: no/],
  [
    "() => new Promise(() => {})",
    /the harness's cleanup to come to its end, it was still at it after 1000 ms/,
  ],
])("a cleanup that fails is a failure, and named: %s", (cleanup, message) => {
  const failing = moduleOf("uncleared.mjs", harnessWith(`cleanup: ${cleanup}`));
  const { status, stdout } = run(["run", failing, "--only", "RETRY-1"], { SLUICE_TIMEOUT_SCALE: "0.1" });
  expect(stdout).toMatch(message);
  expect(status).toBe(1);
});

test("a cleanup has the time that it needs", () => {
  const slow = moduleOf(
    "slow.mjs",
    `let cleared = 0;
     ${harnessWith("cleanup: () => new Promise((resolve) => setTimeout(() => resolve(cleared++), 400))")}
     process.on("exit", () => console.log("cleared", cleared));`,
  );
  expect(run(["run", slow, "--only", "RETRY-1"]).stdout).toMatch(/^cleared 1$/m);
});

test("--repeat runs with one seed after the other", () => {
  const { stderr, stdout } = run(["run", good, "--only", "RETRY-1", "--repeat", "2", "--seed", "5"]);
  expect(stderr).toContain("run 1 of 2, seed 5");
  expect(stderr).toContain("run 2 of 2, seed 6");
  expect(stdout.match(/^RETRY-1 /gm)).toHaveLength(1);
});

test("--repeat goes on with seed 0 after the last one that there is", () => {
  const seed = String(Number.MAX_SAFE_INTEGER);
  const { stderr, status } = run(["run", good, "--only", "RETRY-1", "--repeat", "3", "--seed", seed]);
  expect(stderr.match(/seed \d+/g)).toEqual([`seed ${seed}`, "seed 0", "seed 1"]);
  expect(status).toBe(0);
});

test("--report writes a page that stands by itself", () => {
  const file = join(folder, "report.html");
  expect(run(["run", bad, "--only", "LIFE-17,RETRY", "--report", file]).status).toBe(1);
  const page = readFileSync(file, "utf8");
  expect(page).toContain("Not a word: the contract is broken");
  expect(page).toContain("Expected a word as name, got Not a word");
  expect(page).not.toMatch(/<script|src=|href=/);
});

test.each([
  [[], "Expected a command (run, rules, chaos), got none"],
  [["walk"], 'Expected a command (run, rules, chaos), got "walk"'],
  [["run"], "Expected a module that exports a harness: run MODULE"],
  [["run", good, bad], `Expected one module, got also ${bad}`],
  [["run", "./not-there.mjs"], "Expected the module to be importable, got ./not-there.mjs"],
  [["run", empty], `Expected ${empty} to export a harness as default, it exports nothing`],
  [["run", `${good}#other`], `Expected ${good} to export a harness as other, it exports default`],
  [["run", half], "to have the capabilities of its transports, got undefined"],
  [["run", odd], `Expected the harness of ${odd} to have capabilities with reach and survives, got none`],
  [["run", failing], `Expected the function of ${failing} to make a harness, it threw no`],
  [
    ["run", misspelt],
    `${misspelt}: Expected the name of an option in the harness to be \`cleanup\`, got "cleanUp"`,
  ],
  [["run", importing], `importable, got ${importing}: Unexpected token '}' (${join(folder, "wrong.mjs")}:3)`],
  [["run", linking], `got ${linking}: `],
  [["run", linking], `(${linking}:2)`],
  [
    ["run", good, "--only", "RETRY-1", "--report", join(folder, "no", "x.html")],
    "Expected --report to name a file that can be written",
  ],
  [
    ["chaos", good, "--report", folder],
    `to name a file that can be written, got ${folder}: it is a directory`,
  ],
  [["run", good, "--only", ","], "Expected --only to name a rule or a section of rules, got nothing"],
  [["run", good, "--except", ","], "Expected --except to name a rule or a section of rules, got nothing"],
  [["run", good, "--only", "BOUND-999"], 'There is no rule or section of rules called "BOUND-999"'],
  [
    ["run", good, "--only", "MODEL", "--level", "required"],
    "Expected a rule to be left to run, only MODEL leaves none: " +
      "the rules are of level stochastic, and those up to required are run",
  ],
  [
    ["run", good, "--only", "BOUND-1", "--except", "BOUND"],
    "Expected a rule to be left to run, only BOUND-1 except BOUND leaves none: each of them is left out",
  ],
  [
    ["run", good, "--only", "core"],
    'There is no rule or section of rules called "core": it is a group, of BOUND, ORDER, WAIT,',
  ],
  [
    ["run", good, "--level", "some"],
    'Expected --level to be one of required, capability, stochastic, stress, got "some"',
  ],
  [["run", good, "--seed", "x"], 'Expected --seed to be an integer from 0 to 9007199254740991, got "x"'],
  [["run", good, "--repeat", "0"], 'Expected --repeat to be an integer from 1 to 1000000, got "0"'],
  [["run", good, "--effort", "-1"], "--effort"],
  [["run", good, "--nope"], "Unknown option '--nope'"],
  [["rules", "all"], "Expected rules without anything behind it, got all"],
])("%j: one line, and exit code 2", (args, message) => {
  const { status, stderr, stdout } = run(args);
  const lines = stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("passed"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(message);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test.each(["SLUICE_LEVEL", "SLUICE_SEED", "SLUICE_EFFORT", "SLUICE_TIMEOUT_SCALE", "SLUICE_SIGNAL_SCALE"])(
  "a wrong %s is found before a rule is run",
  (name) => {
    const { status, stderr } = run(["run", good, "--only", "RETRY-1"], { [name]: "wrong" });
    expect(stderr).toContain(`Expected ${name} to be`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
  },
);

test("a report that cannot be written in the end takes no verdict away", () => {
  const gone = join(folder, "gone");
  mkdirSync(gone);
  const removing = moduleOf(
    "removing.mjs",
    `import { rmdirSync } from "node:fs";
     rmdirSync(${JSON.stringify(gone)});
     export { default } from ${JSON.stringify(good)};`,
  );
  const args = ["--only", "RETRY-1", "--report", join(gone, "x.html")];
  const { status, stdout, stderr } = run(["run", removing, ...args]);
  expect(stdout).toMatch(/^RETRY-1 +required +passed/m);
  expect(stderr).toContain("Expected --report to name a file that can be written");
  expect(status).toBe(2);
});

test.each([
  ["ends the process", "() => process.exit(0)"],
  ["waits for what never comes", "() => new Promise(() => {})"],
])("a harness that %s is no pass", (_, make) => {
  const ending = moduleOf("ending.mjs", `export default ${make};`);
  const early = run(["run", ending, "--only", "RETRY-1"]);
  expect(early.stderr).toMatch(
    /^transport-contract: the adapter or its harness ended the process \(exit code/m,
  );
  expect(early.status).toBe(1);
});

test("an adapter that ends the process in a rule is no pass", () => {
  const ending = moduleOf("ending-later.mjs", harnessWith("createTransport: () => process.exit(0)"));
  const { status, stderr } = run(["run", ending, "--only", "RETRY-1"]);
  expect(stderr).toContain("ended the process (exit code 0)");
  expect(status).toBe(1);
});

test.each([
  ["throws", "() => { throw new Error('no place'); }"],
  ["hangs", "() => new Promise(() => {})"],
])("the page is written, too, of a harness whose createTransport %s", (how, make) => {
  const placeless = moduleOf("placeless.mjs", harnessWith(`createTransport: ${make}`));
  const file = join(folder, `${how}.html`);
  const args = ["run", placeless, "--only", "RETRY-1", "--report", file];
  expect(run(args, { SLUICE_TIMEOUT_SCALE: "0.01" }).status).toBe(1);
  expect(readFileSync(file, "utf8")).toContain("placeless.mjs");
});

test.each(["run", "chaos"])("%s: a createTransport that never settles is named, in its time", (command) => {
  const hanging = moduleOf(
    "hanging.mjs",
    harnessWith(`createTransport: () => new Promise(() => {}),
      capabilities: { ...memoryTransport().capabilities, reach: "host" }`),
  );
  const args = command === "run" ? ["--only", "RETRY-1"] : [];
  const { status, stdout, stderr } = run([command, hanging, ...args], { SLUICE_TIMEOUT_SCALE: "0.02" });
  expect(stdout + stderr).toContain(
    "Expected createTransport of the harness to settle, it was still waiting after 200 ms",
  );
  expect(status).toBe(1);
});

test("a rule that takes long is named meanwhile where there is no terminal, also while its adapter blocks the process", () => {
  const blocking = moduleOf(
    "blocking.mjs",
    // For much longer than it takes until it is named.
    harnessWith(`createTransport: () => {
      for (const end = performance.now() + 5_000; performance.now() < end; );
      return memoryTransport();
    }`),
  );
  const { stderr } = run(["run", blocking, "--only", "RETRY-1"], { SLUICE_SIGNAL_SCALE: "0.02" });
  expect(stderr).toMatch(/^under way for 0\.2 s: RETRY-1 .*\n(failed|passed) RETRY-1/);
});

test("--version tells that of the package", () => {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(run(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
});

test("rules lists every rule", () => {
  const { stdout, status } = run(["rules"]);
  expect(status).toBe(0);
  expect(stdout.trimEnd().split("\n")).toHaveLength(RULES.length);
  expect(stdout).toContain("BOUND-1 accepts capacity items");
});

function isBound({ number }: { number: string }): boolean {
  return number.startsWith("BOUND-");
}
