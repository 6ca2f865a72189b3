// FAULTS-IN-CI.md is kept honest, as far as it can be: every fault once, and no rule, test or command that there is not.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RULES } from "../src/rules/index.js";

const FAULTS = 25;

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(new URL("../FAULTS-IN-CI.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| (?:F(\d+))? ?\| (.+?) \| (.+?) \| (.+?) \| (.*?) ?\|$/gm)].map(
  ([, fault, , owed = "", inCi = "", atNight = ""]) => ({ fault, owed, inCi, atNight }),
);
const nights = new Map(
  [...page.matchAll(/^\| (N\d+) \| (.+) \|$/gm)].map(([, name = "", command = ""]) => [name, command]),
);
const folders = ["packages", "apps"].flatMap((of) =>
  readdirSync(join(root, of)).map((name) => join(root, of, name)),
);

test("has every fault once, in order, and the histories", () => {
  const expected = [...Array.from({ length: FAULTS }, (_, i) => String(i + 1)), undefined];
  expect(rows.map(({ fault }) => fault)).toEqual(expected);
});

test("names no rule that there is not", () => {
  const numbers = new Set(RULES.map(({ number }) => number));
  const named = [...page.matchAll(/\b[A-Z]{2,}-\d+\b/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !numbers.has(name))).toEqual([]);
});

test("names no test that there is not", () => {
  const tests = new Set(
    folders
      .filter((folder) => existsSync(join(folder, "test")))
      .flatMap((folder) => readdirSync(join(folder, "test"), { recursive: true, encoding: "utf8" })),
  );
  const named = [...page.matchAll(/[a-z/-]+\.test\.ts/g)].map(([name]) => name);
  expect(named.filter((name) => !tests.has(name))).toEqual([]);
});

test("names no night that there is not, and none that nothing needs", () => {
  const named = rows.flatMap(({ atNight }) => [...atNight.matchAll(/\bN\d+\b/g)].map(([name]) => name));
  expect([...new Set(named)].sort()).toEqual([...nights.keys()].sort());
});

test("runs at night what there is to be run", () => {
  const scripts = new Map(
    folders
      .filter((folder) => existsSync(join(folder, "package.json")))
      .map((folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")))
      .map(({ name, scripts }: { name: string; scripts?: object }) => [name, Object.keys(scripts ?? {})]),
  );
  const called = [...page.matchAll(/--filter (@sluice\/[a-z-]+) (?!exec)([a-z:]+)/g)];
  expect(called.filter(([, name = "", script = ""]) => !scripts.get(name)?.includes(script))).toEqual([]);
  const files = [...page.matchAll(/packages\/[\w/.-]+\.m?js/g)].map(([file]) => file);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("has the numbers that CI's own files ask for", () => {
  const of = "packages/transport-file/test";
  const asked = readFileSync(join(root, of, "support/effort.ts"), "utf8");
  const effortsOf = (name: string): Record<string, number> =>
    JSON.parse(new RegExp(`${name} = (\\{.+?\\})`).exec(asked)?.[1] ?? "{}");
  const efforts = {
    ...effortsOf("EFFORT_OF_FAULTS"),
    ...effortsOf("EFFORT_OF_KILLS"),
    ...effortsOf("EVERY_CALL"),
  };
  const used = (file: string) => readFileSync(join(root, of, file), "utf8");
  expect(used("contract.test.ts")).toContain("effortAtLeast: EFFORT_OF_FAULTS");
  expect(used("flock.contract.test.ts")).toContain("effortAtLeast: EFFORT_OF_FAULTS");
  expect(used("memory.contract.test.ts")).toContain("{ ...EFFORT_OF_KILLS, ...EVERY_CALL }");
  expect(used("memory.contract.test.ts")).toContain("{ ...EFFORT_OF_KILLS, ...EFFORT_OF_HISTORIES }");
  const row = (fault: string) => rows.find((one) => one.fault === fault)?.inCi;
  // From 20 on all places of a script of so many steps.
  expect(row("2")).toContain(`a script of ${efforts["DISK-1"]} steps`);
  expect(row("13")).toContain(`a script of ${efforts["DISK-6"]} steps`);
  // With each of two locks: 40 states, one disk and one kill at the usual effort.
  expect(row("9")).toContain(`${(2 * 40 * (efforts["DISK-8"] ?? 0)).toLocaleString("en")} states`);
  expect(row("12")).toContain(`${2 * (efforts["DISK-5"] ?? 0)} drawn sizes`);
  expect(row("3")).toContain(`${2 * (efforts["PROC-21"] ?? 0)} times`);
});

test.each([
  ["memory", "contract.test.ts", "MODEL-3", undefined],
  ["shm", "contract.test.ts", "MODEL-3", undefined],
  ["redis", "redis.contract.test.ts", "MODEL-3", undefined],
  ["file", "support/effort.ts", "MODEL-3", undefined],
  ["zeromq", "ipc.contract.test.ts", "MODEL-3", undefined],
  ["nats", "histories.contract.test.ts", "MODEL-3", undefined],
  ["shm", "contract.test.ts", "PROC-21", "3"],
  ["redis", "processes.contract.test.ts", "PROC-21", "3"],
  ["nats", "kills.contract.test.ts", "PROC-21", "3"],
])("has the number that CI asks for of %s, in %s, by %s", (transport, file, rule, fault) => {
  const text = readFileSync(join(root, `packages/transport-${transport}/test`, file), "utf8");
  const effort = Number(new RegExp(`"${rule}": (\\d+)`).exec(text)?.[1]);
  const inCi = rows.find((one) => one.fault === fault)?.inCi;
  // 5 histories, and one kill, at the usual effort.
  const said =
    rule === "MODEL-3" ? `${(5 * effort).toLocaleString("en")} over ${transport}` : `${effort} times at each`;
  expect(inCi).toContain(said);
  expect(inCi).toContain(transport);
});
