// --kill, --restart: workers that are killed again and again, and what becomes of the items.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { demo, eventsOf, freshFolder, isAlive, leftIn, linesOf, pidsOf, run } from "./demo-process.js";

/** Where a machine let nobody be killed before all was done, which chance alone can bring about, it is done again. */
async function withKills(attempt: () => Promise<{ readonly restarts: number }>): Promise<void> {
  for (let n = 1; n <= 5; n++) if ((await attempt()).restarts > 0) return;
  expect.fail("Expected workers to be killed, and started again, in one of five runs");
}

// All of it takes a second or more; the first of them is killed in the middle.
const items = ["--items", "40,40", "--produce-ms", "5-15", "--consume-ms", "15-25", "--restart"];

test.each([
  ["producer", "shm", "500ms"],
  ["producer", "zeromq", "500ms"],
  ["consumer", "file", "500ms"],
])("a %s killed again and again over %s: every item is put once, and conserved", (role, transport, every) =>
  withKills(async () => {
    const folder = freshFolder();
    const args = [
      "--transport",
      transport,
      ...items,
      "--kill",
      role,
      "--every",
      every,
      "--output",
      "out",
      "--json",
    ];
    const running = demo(args, { folder });
    const pids = await pidsOf(running);
    const ended = await running.ended;
    const [{ seed } = {}] = eventsOf(ended);
    const report = eventsOf(ended).at(-1) as {
      restarts: number;
      produced: number;
      consumed: number;
      dead: number;
    };
    expect(ended.code, `seed ${seed}: ${ended.stderr}`).toBe(0);
    expect(report, `seed ${seed}`).toMatchObject({
      produced: 80,
      remaining: 0,
      lost: 0,
      problems: [],
      dead: 0,
    });
    expect(report.consumed, `seed ${seed}`).toBe(80);
    const all = [1, 2].flatMap((p) => Array.from({ length: 40 }, (_, n) => `P${p}-${n + 1}`)).sort();
    const received = linesOf(readFileSync(join(folder, "out"), "utf8")).sort();
    // A consumer that is killed after it has written an item and before it has said so: another one gets it again.
    if (role === "producer") expect(received, `seed ${seed}`).toEqual(all);
    else expect([...new Set(received)], `seed ${seed}`).toEqual(all);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(leftIn(folder)).toEqual(["out"]);
    return report;
  }),
);

test("lines of an input: a producer that is killed loses none and puts none twice", () =>
  withKills(async () => {
    const folder = freshFolder();
    const lines = Array.from({ length: 180 }, (_, n) => `${n + 1}`);
    const workers = [
      "--capacity",
      "16",
      "--producers",
      "3",
      "--kill",
      "producer",
      "--every",
      "400ms",
      "--restart",
    ];
    const args = [
      "--transport",
      "shm",
      ...workers,
      "--produce-ms",
      "5-9",
      "--input",
      "-",
      "--output",
      "out",
      "--json",
    ];
    const ended = await run(args, { folder, input: lines.join("\n") });
    const [{ seed } = {}] = eventsOf(ended);
    expect(ended.code, `seed ${seed}: ${ended.stderr}`).toBe(0);
    const report = eventsOf(ended).at(-1) as { restarts: number };
    expect(report, `seed ${seed}`).toMatchObject({
      produced: 180,
      consumed: 180,
      remaining: 0,
      problems: [],
    });
    expect(linesOf(readFileSync(join(folder, "out"), "utf8")).sort(), `seed ${seed}`).toEqual(lines.sort());
    expect(leftIn(folder)).toEqual(["out"]);
    return report;
  }));

test("without --restart a worker is started again 3 times in 10 s, and then no more", async () => {
  const folder = freshFolder();
  const args = [
    "--items",
    "240",
    "--produce-ms",
    "30",
    "--consume-ms",
    "0",
    "--kill",
    "producer",
    "--every",
    "20ms",
  ];
  let [startedAt, ended] = [performance.now(), await run(args, { folder })];
  // Where a machine takes longer than those 10 s for four lives, it is started again more often, and rightly so.
  for (let n = 1; n < 5 && performance.now() - startedAt > 10_000; n++)
    [startedAt, ended] = [performance.now(), await run(args, { folder })];
  const { code, stdout } = ended;
  expect(code, stdout).toBe(5);
  expect(stdout.match(/^Producer-1 was killed; starts again in \d+ ms$/gm), stdout).toHaveLength(3);
  expect(stdout.match(/^Producer-1 is back \(process \d+\)$/gm), stdout).toHaveLength(3);
  expect(stdout).toMatch(/^Producer-1 failed: ended by SIGKILL; it is not started again/m);
  expect(stdout).toMatch(/^Producer-1 +produced \d+.*, started again 3 times, failed: ended by SIGKILL/m);
  expect(leftIn(folder)).toEqual([]);
});
