// The suite under other runners: nothing of it may depend on the one that runs this file.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { describeTransportContract, type Harness, runContract, type TestFunction } from "../src/index.js";
import { RULES } from "../src/rules/index.js";

const memory: Harness = {
  createTransport: () => memoryTransport(),
  capabilities: memoryTransport().capabilities,
};

/** A runner that only writes down what it is told. */
function declaring() {
  const tests: { title: string; run: () => Promise<void> }[] = [];
  const skipped: string[] = [];
  const groups: string[] = [];
  const declare: TestFunction = (title, run) => void tests.push({ title, run });
  const runner = {
    test: Object.assign(declare, { skip: (title: string) => void skipped.push(title) }),
    describe(title: string, define: () => void) {
      groups.push(title);
      define();
    },
  };
  return { tests, skipped, groups, runner };
}

test("declares one test for each rule, and counts those that do not apply, with why", () => {
  const { tests, skipped, groups, runner } = declaring();
  describeTransportContract("memory", memory, runner, { seed: 5 });
  expect(tests.length + skipped.length).toBe(RULES.filter(({ level }) => level !== "stress").length);
  expect(skipped).toContain(
    "PROC-13 refuses the ack of a process that was stopped past its lease, and counts the item once" +
      " (skipped: its reach is the process)",
  );
  expect(groups).toEqual([
    `memory keeps the contract (${tests.length} rules, ${skipped.length} skipped, SLUICE_SEED=5)`,
  ]);
});

test("skips what is not claimed, and nothing else", () => {
  const capabilities = {
    ...memory.capabilities,
    release: "counts",
    returned: "best-effort",
    fencing: "clock",
  } as const;
  const one = declaring();
  const other = declaring();
  describeTransportContract("memory", memory, one.runner);
  describeTransportContract("less", { ...memory, capabilities }, other.runner);
  const more = other.skipped.filter(
    (title) => !one.skipped.some((known) => known.split(" ")[0] === title.split(" ")[0]),
  );
  expect(more.map((title) => title.split(" ")[0])).toEqual(["ORDER-4", "LEASE-3", "LEASE-5", "MODEL-2"]);
});

test("hands a runner the failure of a rule, with what it takes to run it again", async () => {
  const { tests, runner } = declaring();
  const broken: Harness = {
    ...memory,
    createTransport: () => ({ ...memoryTransport(), name: "Not a word" }),
  };
  describeTransportContract("broken", broken, runner, { only: ["LIFE-17"], seed: 11 });
  await expect(tests[0]?.run()).rejects.toThrow(
    /^LIFE-17: Expected a word as name, got Not a word\n.*SLUICE_SEED=11 npx vitest run -t 'LIFE-17 '\)/,
  );
});

test("refuses a member of the harness that there is not", () => {
  const misspelt = { ...memory, cleanUp() {} };
  expect(() => describeTransportContract("memory", misspelt, declaring().runner)).toThrow(
    'Expected the name of an option in the harness to be `cleanup`, got "cleanUp"',
  );
});

test("leaves out what it is to do without, also where that is asked for", () => {
  const { tests, runner } = declaring();
  const options = {
    only: ["COUNT", "SEAL-1"],
    except: ["SEAL-1", "COUNT-2", "PROC"],
    level: "stress",
  } as const;
  describeTransportContract("memory", memory, runner, options);
  const asked = RULES.map(({ number }) => number).filter((number) => number.startsWith("COUNT-"));
  expect(tests.map(({ title }) => title.split(" ")[0])).toEqual(asked.filter((one) => one !== "COUNT-2"));
});

test("refuses the number of no rule", () => {
  expect(() =>
    describeTransportContract("memory", memory, declaring().runner, { only: ["BOUND-999"] }),
  ).toThrow('There is no rule or section of rules called "BOUND-999"');
  expect(() =>
    describeTransportContract("memory", memory, declaring().runner, { except: ["BOUND-999"] }),
  ).toThrow('There is no rule or section of rules called "BOUND-999"');
  expect(() =>
    describeTransportContract("memory", memory, declaring().runner, { effortAtLeast: { BOUND: 2 } }),
  ).toThrow('There is no rule or section of rules called "BOUND"');
});

test("refuses a selection of which nothing is left: a runner may take a suite without tests for a pass", async () => {
  const nothing = { only: ["STRESS", "PROC-19"], except: ["PROC"], level: "stochastic" } as const;
  const message =
    "only STRESS, PROC-19 except PROC leaves none: the rules are of level stress, and those up to stochastic are run";
  expect(() => describeTransportContract("memory", memory, declaring().runner, nothing)).toThrow(message);
  await expect(runContract(memory, nothing)).rejects.toThrow(message);
  await expect(runContract(memory, { only: [] })).rejects.toThrow("only [] leaves none: none is named");
  const all = [...new Set(RULES.map(({ number }) => number.split("-")[0] ?? ""))];
  await expect(runContract(memory, { except: all })).rejects.toThrow("leaves none: each of them is left out");
});

test("a rule that gets more effort than the others is run again with as much", async () => {
  const failing: Harness = { ...memory, createTransport: () => Promise.reject(new Error("no")) };
  const more = { only: ["LIFE-17", "LIFE-18"], effort: 2, seed: 1 };
  const { tests, runner } = declaring();
  describeTransportContract("memory", failing, runner, {
    ...more,
    effortAtLeast: { "LIFE-17": 3, "LIFE-18": 1 },
  });
  await expect(tests[0]?.run()).rejects.toThrow("SLUICE_EFFORT=3 ");
  await expect(tests[1]?.run()).rejects.toThrow("SLUICE_EFFORT=2 ");
});

test("runs under node:test, and a failure names the command that runs that rule again", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-node-test-"));
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  writeFileSync(
    join(folder, "contract.test.mjs"),
    `import { describe, test } from "node:test";
     import { describeTransportContract } from ${url("../dist/index.js")};
     import { memoryTransport } from ${url("../../transport-memory/dist/index.js")};
     const harness = {
       createTransport: () => ({ ...memoryTransport(), name: "Not a word" }),
       capabilities: memoryTransport().capabilities,
     };
     describeTransportContract("memory", harness, { describe, test }, { only: ["BOUND", "LIFE-17", "PROC"] });`,
  );
  try {
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const options = { encoding: "utf8", env, cwd: folder } as const;
    const run = spawnSync(process.execPath, ["--test", "--test-reporter=tap"], options);
    const count = (group: string) => RULES.filter((rule) => rule.number.startsWith(group)).length;
    expect(run.stdout + run.stderr).toMatch(new RegExp(`^# pass ${count("BOUND")}$`, "m"));
    expect(run.stdout).toMatch(/^# fail 1$/m);
    expect(run.stdout).toMatch(new RegExp(`^# skipped ${count("PROC")}$`, "m"));

    const [, line = "none"] = /\(run it again: (.*)\)/.exec(run.stdout) ?? [];
    expect(line).toMatch(/^SLUICE_SEED=\d+ node --test --test-name-pattern 'LIFE-17 '$/);
    const again = spawnSync("sh", ["-c", `${line} --test-reporter=tap`], options);
    expect(again.stdout).toContain(`(run it again: ${line})`);
    expect(again.stdout).toMatch(/^# pass 0$/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("imports core, the history checker and Node's own modules alone, and no test runner", () => {
  const folder = fileURLToPath(new URL("../src/", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const imports = files.flatMap((name) => [
    ...readFileSync(join(folder, name), "utf8").matchAll(/\bfrom "([^."][^"]*)"/g),
  ]);
  const modules = new Set(imports.map(([, module]) => module));
  for (const ours of ["@sluice/core", "@sluice/history-checker", "@sluice/history-checker/random"])
    modules.delete(ours);
  expect([...modules].filter((module) => !module?.startsWith("node:") || module === "node:test")).toEqual([]);
});
