// What `pnpm demo` promises to show, read from what it prints.
import { unlessPaused } from "@sluice/test-support";
import { expect, test } from "vitest";
import { eventsOf, freshFolder, leftIn, linesOf, run } from "./demo-process.js";

// A put that a worker tells more than a second late stands behind what became of its item.
test.each(["file", "shm", "zeromq", "memory"])("the classic demonstration over %s", (transport) =>
  unlessPaused(300, async () => {
    const folder = freshFolder();
    const { code, stdout, stderr } = await run(["--transport", transport], { folder });
    const lines = linesOf(stdout);
    const at = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
    const seed = lines.find((line) => line.startsWith("Seed ")) ?? "no seed";
    expect({ code, stderr }, seed).toEqual({ code: 0, stderr: "" });

    const medium = transport === "zeromq" ? "zeromq, memory only" : transport;
    expect(stdout, seed).toContain(`Buffer created with max size 5 (${medium})`);
    expect(stdout, seed).toMatch(/Producer-1 started .*, producing 5 items/);
    expect(stdout, seed).toMatch(/Producer-2 started .*, producing 4 items/);
    for (const item of ["P1-1", "P1-5", "P2-4"]) {
      expect(
        lines.filter((line) => line.includes(`put ${item} `)),
        `${seed}: ${item} is put once`,
      ).toHaveLength(1);
      expect(
        lines.findIndex((line) => line.includes(`put ${item} `)),
        `${seed}: and before it is taken`,
      ).toBeLessThan(lines.findIndex((line) => line.endsWith(`took ${item}`)));
      expect(
        lines.filter((line) => line.endsWith(`consumed ${item}`)),
        `${seed}: and consumed once`,
      ).toHaveLength(1);
    }

    // In every run a producer meets the full buffer, and goes on.
    const waits = lines.findIndex((line) => line.includes("met the full buffer and waits"));
    expect(waits, `${seed}: a producer waits`).toBeGreaterThan(0);
    const [who] = (lines[waits] ?? "").split(" ");
    const goesOn = lines.findIndex((line, i) => i > waits && line.startsWith(`${who} goes on after waiting`));
    expect(goesOn, `${seed}: and goes on`).toBeGreaterThan(waits);

    // Both consumers have an item in hand at the same time.
    const inHand = new Set<string>();
    let most = 0;
    for (const line of lines) {
      const [, consumer = "", verb] = /^(Consumer-\d) (took|consumed) /.exec(line) ?? [];
      if (verb === "took") inHand.add(consumer);
      if (verb === "consumed") inHand.delete(consumer);
      most = Math.max(most, inHand.size);
    }
    expect(most, `${seed}: consumers at work at once`).toBe(2);

    // The consumers drain after the producers are done.
    const steps = [
      /^All 4 workers are ready/,
      /^Buffer sealed/,
      /^Buffer drained/,
      /^Final stats/,
      /^peak 5 of 5/,
    ];
    const places = steps.map(at);
    expect(places, seed).toEqual([...places].sort((a, b) => a - b));
    expect(places, seed).not.toContain(-1);
    expect(Math.max(at(/^Producer-1 is done/), at(/^Producer-2 is done/)), seed).toBeLessThan(
      at(/^Buffer sealed/),
    );
    expect(
      lines.slice(at(/^Buffer sealed/)).some((line) => / consumed P/.test(line)),
      seed,
    ).toBe(true);
    expect(lines.at(-1), seed).toBe("9 produced, 9 consumed, 0 remaining");
    expect(leftIn(folder), seed).toEqual([]);
  }),
);

const quick = ["--transport", "memory", "--produce-ms", "0", "--consume-ms", "0"];

test("plain in a pipe", async () => {
  const { stdout } = await run(quick);
  expect(stdout).not.toContain("\u001b");
});

test("--json: one object a line, options first, the report last", async () => {
  const ended = await run([...quick, "--json", "--seed", "7"]);
  const events = eventsOf(ended);
  expect(events[0]).toMatchObject({ kind: "options", seed: 7, items: [5, 4] });
  const kinds = new Set(events.map(({ kind }) => kind));
  expect([...kinds]).toEqual(
    expect.arrayContaining(["opened", "spawned", "ready", "produced", "consumed", "sealed"]),
  );
  expect(events.at(-1)).toMatchObject({
    kind: "report",
    exitCode: 0,
    produced: 9,
    consumed: 9,
    remaining: 0,
  });
});

test("--list names the transports with their guarantees", async () => {
  const { code, stdout } = await run(["--list"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^file$[\s\S]*reach +host[\s\S]*^memory$[\s\S]*reach +process[\s\S]*survives the death of +nobody/m,
  );
  const listed = eventsOf(await run(["--list", "--json"]));
  expect(listed.map(({ kind, name }) => [kind, name])).toEqual([
    ["transport", "file"],
    ["transport", "shm"],
    ["transport", "zeromq"],
    ["transport", "redis"],
    ["transport", "nats"],
    ["transport", "memory"],
  ]);
});

test("--list says what an option changes", async () => {
  const { stdout } = await run(["--list"]);
  expect(stdout).toMatch(/^zeromq$[\s\S]*^ {2}changed by +with --journal also authority and power-loss/m);
});

test.each([
  ["another url", ["--url", "tcp://127.0.0.1:*"], "zeromq, memory only"],
  ["a journal", ["--journal", "journal"], "zeromq, with a journal"],
  ["both", ["--url", "tcp://127.0.0.1:*", "--journal", "journal"], "zeromq, with a journal"],
])("over zeromq with %s", async (_what, options, medium) => {
  const folder = freshFolder();
  const args = ["--transport", "zeromq", ...options, "--produce-ms", "0", "--consume-ms", "0"];
  const { code, stdout, stderr } = await run(args, { folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Buffer created with max size 5 (${medium})`);
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(leftIn(folder)).toEqual([]);
});

test("--help is help, also with others", async () => {
  const { code, stdout } = await run(["--capacity", "0", "--help"]);
  expect(code).toBe(0);
  for (const option of [
    "--transport",
    "--items",
    "--idle-ms",
    "--input",
    "--output",
    "--path",
    "--url",
    "--journal",
    "--keep",
    "--seed",
    "--kill",
    "--every",
    "--poison",
    "--restart",
    "--resume",
    "--plain",
  ]) {
    expect(stdout).toContain(option);
  }
});

test("numbers of workers and items as asked for", async () => {
  const { stdout } = await run([...quick, "--items", "3,0,2", "--consumers", "1"]);
  expect(stdout).toMatch(/Producer-2 +started .*producing 0 items/);
  expect(stdout).toMatch(/^Producer-3 +produced 2/m);
  expect(linesOf(stdout).at(-1)).toBe("5 produced, 5 consumed, 0 remaining");
  const all = await run([...quick, "--producers", "3", "--items", "2"]);
  expect(linesOf(all.stdout).at(-1)).toBe("6 produced, 6 consumed, 0 remaining");
});
