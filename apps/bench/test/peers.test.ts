// The peers of other languages and other libraries. Goal: each of them runs and is checked as strictly as ours, and one that
// cannot be had is left out by its name. Method: the program itself with few items; checkers fed with what is wrong.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unwarned } from "@sluice/test-support";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { durable } from "../dist/candidates.js";
import { works } from "../dist/growth.js";
import type { Run } from "../dist/measure.js";
import { nativeProgram } from "../dist/peers/native-program.js";
import { createdIn } from "../dist/peers/server-process.js";
import { runOnce } from "../dist/run-once.js";
import { selections } from "../dist/selections.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "sluice-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const hasProgram = (name: string) => spawnSync(name, ["--version"]).error === undefined;
const hasCompiler = hasProgram("cc");
const hasPython = hasProgram("python3");
const named = (set: string) => selections.find(({ name }) => name === set) as (typeof selections)[number];
const shm = named("shm");

function bench(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const all = { ...process.env, TMPDIR: directory, ...env };
  const run = spawnSync(process.execPath, [main, ...args], { cwd: directory, env: all, encoding: "utf8" });
  return { ...run, stderr: unwarned(run.stderr) };
}

// Regions and queues are not in the directory for temporary files.
const leftovers = () =>
  ["/dev/shm", "/dev/mqueue"]
    .filter(existsSync)
    .flatMap((path) => readdirSync(path).filter((name) => name.startsWith("sluice-bench-")));

test("all peers that are here run, and every run is valid", { timeout: 300_000 }, () => {
  const before = leftovers();
  const args = ["--set", "shm", "--only", "5-2p2c,1024-2p2c-one,round-trip", "--item-bytes", "1024"];
  const { status, stdout, stderr } = bench([
    ...args,
    "--items",
    "151",
    "--rounds",
    "1",
    "--json",
    "raw.json",
  ]);
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
  const raw = JSON.parse(readFileSync(join(directory, "raw.json"), "utf8")) as {
    candidates: { name: string }[];
    leftOut: { name: string; why: string }[];
    runs: Run[];
  };
  rmSync(join(directory, "raw.json"));
  const names = [...raw.candidates, ...raw.leftOut].map(({ name }) => name);
  expect(names.sort()).toEqual(shm.candidates.map(({ name }) => name).sort());
  for (const { name, why } of raw.leftOut) expect(stdout).toContain(`Left out: ${name}: ${why}`);
  for (const { name } of raw.candidates) {
    const runs = raw.runs.filter(({ candidate }) => candidate === name);
    expect(runs.length, name).toBeGreaterThanOrEqual(2);
    for (const run of runs) expect(run).toMatchObject({ count: 151, outcome: { isValid: true } });
  }
  expect(leftovers()).toEqual(before);
  expect(readdirSync(directory)).toEqual([]);
});

// Each has the directory for temporary files on its command line, or works in it: Redis takes its own for a title.
function serversLeft(): string[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(
      (pid) =>
        `${whatOf(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))} in ${whatOf(() => readlinkSync(`/proc/${pid}/cwd`))}`,
    )
    .filter((server) => /^(?:redis|nats)-server/.test(server) && server.includes(directory));
}

// It may end meanwhile.
function whatOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

// Durable ones with fewer: an item of theirs waits for the disk.
describe("what outlives a power cut", () => {
  test.for(durable.map(({ name }) => name))("%s", { timeout: 240_000 }, (name, context) => {
    const { status, stdout, stderr } = bench(["--only", `${name},5-1p1c`, "--items", "50", "--rounds", "1"]);
    const [, why] = /^Left out: (.*)$/m.exec(stdout) ?? [];
    context.skip(why !== undefined, why);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^The disk itself, .*: [\d,]+$/m);
    expect(serversLeft()).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("with core's json codec", () => {
  test.for(["shm-json", "file-flock-json", "zeromq-json"])("%s", { timeout: 240_000 }, (name) => {
    const only = `${name},5-1p1c,1024-1p1c`;
    const { status, stdout, stderr } = bench(["--only", only, "--items", "300", "--rounds", "1"]);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
  });
});

describe("through a server, or as messages", () => {
  test.for(named("zeromq").candidates.map(({ name }) => name))(
    "%s",
    { timeout: 240_000 },
    (name, context) => {
      const only = `${name},5-2p2c,1024-2p2c,5-1p1c-concurrent,1024-1p1c-concurrent,round-trip`;
      const { status, stdout, stderr } = bench(["--only", only, "--items", "1500", "--rounds", "1"]);
      const [, why] = /^Left out: (.*)$/m.exec(stdout) ?? [];
      context.skip(why !== undefined, why);
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
      expect(serversLeft()).toEqual([]);
      expect(readdirSync(directory)).toEqual([]);
    },
  );
});

test("a server ends behind its buffer, however the buffer ends, and at once where none can be made", async () => {
  const ended: string[] = [];
  const server = { stop: async () => void ended.push("server") };
  const failing = async () => {
    ended.push("buffer");
    throw new Error("no");
  };
  await expect(createdIn(Promise.resolve(server), failing)).rejects.toThrow("no");
  expect(ended.splice(0)).toEqual(["buffer", "server"]);
  const created = await createdIn(Promise.resolve(server), async () => ({ address: 1, destroy: failing }));
  expect(created.address).toBe(1);
  expect(ended).toEqual([]);
  await expect(created.destroy()).rejects.toThrow("no");
  expect(ended).toEqual(["buffer", "server"]);
});

test("one that lacks a program is left out by its name, with the command that would help", () => {
  const only = "naive,python-queue,posix-mq,mpmc-ring,redis-lua,5-1p1c";
  const args = ["--only", only, "--items", "10", "--rounds", "1"];
  const { status, stdout } = bench(args, { PATH: "/nowhere" });
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/^ {2}naive /m);
  expect(stdout).toMatch(
    /^Left out: python-queue: there is no python3\. To have it: apt-get install .*python3$/m,
  );
  for (const name of ["posix-mq", "mpmc-ring"]) {
    expect(stdout).toMatch(new RegExp(`^Left out: ${name}: there is no C compiler.* gcc `, "m"));
  }
  expect(stdout).toMatch(/^Left out: redis-lua: there is no redis-server\. To have it: apt-get .*$/m);
  const alone = bench(["--only", "python-queue"], { PATH: "/nowhere" });
  expect(alone.status, alone.stdout).toBe(1);
});

describe.skipIf(!hasCompiler)("workers in C", () => {
  const { signal } = new AbortController();
  afterEach(() => {
    delete process.env["FAULT"];
  });

  test.each([
    ["nothing", undefined],
    ["repeats", /^consumer 0: item 0 of producer 0 came twice$/],
    ["swaps", /^consumer 0: item 0 of producer 0 came after its item 1$/],
    ["tears", /^consumer 0: an item that nobody put, after 0 others$/],
    ["dies", /^consumer 0 ended with SIGKILL/],
  ])("a ring that breaks a promise has failed: %s", async (fault, reason) => {
    const broken = nativeProgram({
      name: "broken-ring",
      about: "",
      module: import.meta.url,
      source: new URL("broken-ring.c", import.meta.url),
      itemCount: () => 20,
    });
    expect(await broken.prepare?.({ directory, signal })).toMatchObject({ isReady: true });
    process.env["FAULT"] = fault;
    const before = leftovers();
    const [work] = works.filter(({ kind, capacity }) => kind === "throughput" && capacity === 5);
    const outcome = await runOnce(broken, work as (typeof works)[number], {
      ...{ directory, count: 20, deadlineMs: 20_000, signal },
    });
    expect(outcome).toMatchObject(
      reason === undefined ? { isValid: true } : { isValid: false, reason: expect.stringMatching(reason) },
    );
    expect(leftovers()).toEqual(before);
    rmSync(join(directory, "broken-ring"));
  });

  test("a program that does not compile says why", async () => {
    const broken = nativeProgram({
      name: "no-program",
      about: "",
      module: import.meta.url,
      source: new URL("broken-ends.mjs", import.meta.url),
      itemCount: () => 20,
    });
    const why = expect.stringMatching(/^it does not compile: /);
    expect(await broken.prepare?.({ directory, signal })).toMatchObject({ isReady: false, why });
  });
});

describe.skipIf(!hasPython)("workers in Python", () => {
  const program = fileURLToPath(new URL("../src/peers/python-queue.py", import.meta.url));

  test.each([
    ["[make(0, 0), make(1, 0), make(0, 1)]", '{"count": 3, "seen": ["03", "01"]}'],
    ["[make(0, 0), make(0, 0)]", "item 0 of producer 0 came twice"],
    ["[make(0, 1), make(0, 0)]", "item 0 of producer 0 came after its item 1"],
    ["[make(0, 2)]", "item 2 of producer 0, which nobody put"],
    ["[make(0, 0)[:-1] + b'y']", "an item that nobody put: 64 bytes"],
  ])("%s", (items, expected) => {
    const code = [
      "import json, runpy, sys",
      "names = runpy.run_path(sys.argv[1])",
      "make = lambda producer, number: names['make_item'](producer, number, 64)",
      `print(json.dumps(names['arrivals_of'](${items}, [2, 1], 64)))`,
    ].join("\n");
    const { stdout, stderr } = spawnSync("python3", ["-I", "-S", "-c", code, program], { encoding: "utf8" });
    expect(stdout, stderr).toContain(expected);
  });
});
