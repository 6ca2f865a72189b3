// The live view as a user has it: on a terminal of its own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isAlive, leftIn, linesOf, until } from "../demo-process.js";
import { hasTerminal, onTerminal, SHOW_CURSOR } from "../terminal.js";

const quick = ["--transport", "memory", "--produce-ms", "0-20", "--consume-ms", "0-40"];
const endless = ["--items", "10000,10000", "--produce-ms", "0", "--consume-ms", "20"];
// What moves the cursor, hides it, or erases; what colours.
const ESC = String.fromCharCode(27);
const DRAWING = new RegExp(`${ESC}\\[(?:\\?25l|\\d*A|K|J)`);
const COLOUR = new RegExp(`${ESC}\\[\\d*m`);
const LAST = "9 produced, 9 consumed, 0 remaining";

describe.skipIf(!hasTerminal)("on a terminal (needs script of util-linux)", () => {
  test("the run as it is, and in the end its last state and the report", async () => {
    const terminal = onTerminal(["--consume-ms", "30-60"]);
    const seen = await Promise.all([
      terminal.shown(/^Buffer +[■▣□]{5} +\d of 5/m),
      terminal.shown(/^Producer-\d +(?:making an item|waiting: buffer is full) /m),
      terminal.shown(/^Consumer-\d +handling P\d-\d /m),
    ]);
    expect(seen.map(({ isCursorShown }) => isCursorShown)).toEqual([false, false, false]);
    expect(await terminal.ended).toBe(0);
    const all = terminal.lines().filter((line) => line !== "");
    const seed = all[0];
    expect(all[0]).toMatch(/^Seed \d+: /);
    expect(all[1], seed).toBe("Buffer created with max size 5 (file)");
    expect(all[2], seed).toMatch(/^If the demo is killed, go on with --resume --path \S/);
    const lines = all.slice(all.findIndex((line) => line.startsWith("Buffer  ")));
    expect(lines[0], seed).toMatch(/^Buffer +□□□□□ +0 of 5, sealed, peak [1-5]$/);
    expect(lines[1], seed).toMatch(/^Items +█{30} +9 of 9 consumed$/);
    expect(lines[2], seed).toMatch(/^Time +\d+\.\d s, \d+\.\d items\/s, waited/);
    expect(lines.slice(3, 7), seed).toEqual([
      expect.stringMatching(/^Producer-1 +done +5 of 5 put/),
      expect.stringMatching(/^Producer-2 +done +4 of 4 put/),
      expect.stringMatching(/^Consumer-1 +done +\d consumed/),
      expect.stringMatching(/^Consumer-2 +done +\d consumed/),
    ]);
    expect(lines[7], seed).toBe("Final stats");
    expect(lines.at(-1), seed).toBe(LAST);
    expect(terminal.isCursorShown()).toBe(true);
    // No more pictures than can be seen.
    const pictures = terminal.raw().split("\u001b[J").length - 1;
    const seconds = Number(/^Time +(\d+\.\d) s/m.exec(terminal.lines().join("\n"))?.[1]);
    expect(pictures, seed).toBeLessThan(15 * (seconds + 2));
  });

  test("--plain is the log; so is a terminal that is dumb", async () => {
    for (const [args, env] of [
      [["--plain"], {}],
      [[], { TERM: "dumb" }],
    ] as const) {
      const terminal = onTerminal([...quick, ...args], { env });
      expect(await terminal.ended).toBe(0);
      expect(terminal.lines().join("\n")).toMatch(/^Consumer-\d consumed /m);
      expect(terminal.raw()).not.toMatch(DRAWING);
    }
  });

  test("--json is JSON", async () => {
    const terminal = onTerminal([...quick, "--json"], { columns: 5000 });
    expect(await terminal.ended).toBe(0);
    expect(linesOf(terminal.raw()).every((line) => JSON.parse(line).kind)).toBe(true);
  });

  test("in colour, and without any where NO_COLOR is not empty", async () => {
    const colourful = onTerminal(quick, { env: { NO_COLOR: "" } });
    await colourful.ended;
    expect(colourful.raw()).toMatch(COLOUR);
    const plain = onTerminal(quick, { env: { NO_COLOR: "1" } });
    await plain.ended;
    expect(plain.raw()).not.toMatch(COLOUR);
    expect(plain.lines().join("\n")).toMatch(/^Items .* 9 of 9 consumed$/m);
  });

  test("a terminal that is made narrower: no line of the picture is broken, and none of earlier ones is left", async () => {
    const slow = ["--items", "9", "--produce-ms", "0", "--consume-ms", "60000"];
    const terminal = onTerminal(slow, { columns: 80, rows: 30 });
    await terminal.shown(/5 of 5, peak 5[\s\S]*waiting: buffer is full[\s\S]*(?:handling P1-\d[\s\S]*){2}/);
    terminal.resize(36, 30);
    await terminal.shown(
      /^Buffer +\S{5} {2}5 of 5, peak 5$\n^Items +.*0 of 9 consumed$\n^Time +.{27}$\n^Producer-1/m,
    );
    const picture = terminal.lines().join("\n");
    for (const label of ["Buffer ", "Items ", "Time ", "Consumer-2 "])
      expect(picture.split(`\n${label}`), picture).toHaveLength(label === "Buffer " ? 3 : 2);
    terminal.type("\u0003");
    await terminal.shown(/^SIGINT: the producers stop/m);
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(4);
  });

  test("a terminal with fewer rows than there are workers: the others are counted", async () => {
    const terminal = onTerminal([...quick, "--consumers", "12"], { rows: 8 });
    await terminal.shown(/^and 11 more workers: /m);
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines().filter((line) => line.startsWith("Items "))).toHaveLength(1);
  });

  test("workers that are killed are seen to start again", async () => {
    const args = [
      "--items",
      "8,8",
      "--produce-ms",
      "0",
      "--consume-ms",
      "200",
      "--kill",
      "consumer",
      "--every",
      "600ms",
    ];
    const terminal = onTerminal([...args, "--restart"]);
    await Promise.all([
      terminal.shown(/^Consumer-\d +starts again in \d+ ms/m),
      terminal.shown(/^Consumer-\d was killed; starts again in \d+ ms$/m),
      terminal.shown(/^Consumer-\d is back \(process \d+\)$/m),
    ]);
    expect(await terminal.ended).toBe(0);
    expect(terminal.lines().join("\n")).toMatch(/^Consumer-\d .*started again (?:once|\d+ times)$/m);
  });

  test.each([
    ["Ctrl-C once: the buffer is drained", "\u0003", 130, /0 remaining$/],
    ["Ctrl-\\: at once", "\u001c", 131, /^Consumer/m],
  ])("%s, and the cursor is there again", async (_what, key, exitCode, end) => {
    const terminal = onTerminal([...endless, "--transport", "memory"]);
    await terminal.shown(/^Consumer-\d +\S.* [1-9]\d* consumed/m);
    expect(terminal.isCursorShown()).toBe(false);
    terminal.type(key);
    expect(await terminal.ended).toBe(exitCode);
    expect(terminal.lines().join("\n").trimEnd()).toMatch(end);
    expect(terminal.isCursorShown()).toBe(true);
  });

  test.each([
    ["twice: what is in hand goes back", false],
    ["thrice, where a worker does not stop: it is killed", true],
  ])("Ctrl-C %s", async (_what, isStuck) => {
    const terminal = onTerminal(["--items", "100", "--produce-ms", "0", "--consume-ms", "60000"]);
    await terminal.shown(/waiting: buffer is full[\s\S]*(?:handling P1-\d[\s\S]*){2}/);
    const workers = childrenOf(terminal.pid());
    const consumer = workers.find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("consumer-1"),
    );
    if (isStuck) process.kill(consumer ?? 0, "SIGSTOP");
    terminal.type("\u0003");
    await terminal.shown(/^SIGINT: the producers stop, the consumers drain the buffer$/m);
    terminal.type("\u0003");
    await terminal.shown(/^SIGINT: the consumers give back what they hold and stop$/m);
    if (isStuck) {
      terminal.type("\u0003");
      await terminal.shown(/^SIGINT: killing the workers$/m);
    }
    expect(await terminal.ended).toBe(4);
    const end = terminal.lines().join("\n").trimEnd();
    expect(end).toMatch(/^5 produced, 0 consumed, 5 remaining$/m);
    if (isStuck) expect(end).toMatch(/^Consumer-\d +killed /m);
    expect(terminal.isCursorShown()).toBe(true);
    expect(workers.filter(isAlive)).toEqual([]);
  });

  test("Ctrl-Z: the cursor is there, and the picture again once it goes on", async () => {
    const terminal = onTerminal([...endless, "--transport", "memory"]);
    await terminal.shown(/^Consumer-\d +\S.* [1-9]\d* consumed/m);
    process.kill(terminal.pid(), "SIGTSTP");
    await until(() => expect(readFileSync(`/proc/${terminal.pid()}/status`, "utf8")).toMatch(/^State:\s+T/m));
    const since = () => terminal.raw().split(SHOW_CURSOR)[1] ?? "";
    process.kill(terminal.pid(), "SIGCONT");
    await until(() => {
      // `script` stops when it sees that what it runs has: that may be later.
      process.kill(terminal.child.pid ?? 0, "SIGCONT");
      expect(since()).toMatch(/Items[\s\S]*Consumer-2/);
    });
    // Below what a shell may have said meanwhile.
    expect(since().split("Items")[0]).not.toMatch(new RegExp(`${ESC}\\[\\d+A`));
    expect(terminal.isCursorShown()).toBe(false);
    terminal.type("\u0003");
    expect(await terminal.ended).toBe(130);
  });

  test("a crash of the demo itself: the cursor is there again, and no worker is left", async () => {
    const crash =
      'if (process.argv[1].endsWith("dist/main.js")) process.on("SIGUSR2", () => { throw new Error("crashed"); });';
    const terminal = onTerminal([...endless, "--restart"], {
      nodeArgs: ["--import", `data:text/javascript,${encodeURIComponent(crash)}`],
    });
    await terminal.shown(/^Consumer-\d +\S.* [1-9]\d* consumed/m);
    const workers = childrenOf(terminal.pid());
    expect(workers).toHaveLength(4);
    process.kill(terminal.pid(), "SIGUSR2");
    expect(await terminal.ended).not.toBe(0);
    expect(terminal.lines().join("\n")).toContain("Error: crashed");
    expect(terminal.isCursorShown()).toBe(true);
    await until(() => expect(workers.filter(isAlive)).toEqual([]));
  });

  test("a terminal that is shut: the run is drained, and nothing is left", async () => {
    const terminal = onTerminal([...endless, "--output", "out"]);
    await terminal.shown(/^Consumer-\d +\S.* [1-9]\d* consumed/m);
    const pids = [terminal.pid(), ...childrenOf(terminal.pid())];
    terminal.child.kill("SIGKILL");
    await until(() => expect(pids.filter(isAlive)).toEqual([]));
    expect(leftIn(terminal.folder)).toEqual(["out"]);
    expect(linesOf(readFileSync(join(terminal.folder, "out"), "utf8")).length).toBeGreaterThan(0);
  });
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}
