// Bad options: one clear line, exit code 2, nothing made.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshFolder, leftIn, run } from "./demo-process.js";

test.each([
  ["an unknown option", "--capactiy 5", "--capactiy"],
  ["a value that is missing", "--capacity", "--capacity"],
  ["an option given twice", "--capacity 1 --capacity 2", "--capacity is given twice"],
  ["something that is no option", "file", "'file'"],
  ["capacity 0", "--capacity 0", "--capacity must be an integer from 1 "],
  ["a number with a tail", "--capacity 9x", '"9x"'],
  ["a fraction", "--capacity 1.5", '"1.5"'],
  ["no producers", "--producers 0", "--producers must be an integer from 1 to 256"],
  ["no consumers", "--consumers 0", "--consumers must be an integer from 1 to 256"],
  ["a multitude", "--producers 100000", "--producers must be an integer from 1 to 256"],
  ["a hole in a list", "--items 5,,4", "--items must be an integer from 0 "],
  ["items for others", "--items 1,2 --producers 3", "--items has 2 numbers for 3 producers"],
  [
    "a range upside down",
    "--produce-ms 9-2",
    '--produce-ms must be milliseconds such as 20 or 20-80, got "9-2"',
  ],
  ["a range of words", "--consume-ms soon", '"soon"'],
  ["idle at once", "--idle-ms 0", "--idle-ms must be an integer from 1 "],
  ["a seed below 0", "--seed=-1", "--seed must be an integer from 0 "],
  [
    "an unknown transport",
    "--transport pigeon",
    '--transport must be one of file, shm, zeromq, redis, nats, memory, got "pigeon"',
  ],
  ["a name that every object has", "--transport constructor", '"constructor"'],
  ["an input that is not there", "--input nowhere.txt", '--input "nowhere.txt"'],
  ["a folder as input", "--input .", "it is a directory"],
  ["an output that cannot be", "--output nowhere/out.txt", '--output "nowhere/out.txt"'],
  ["items and input", "--items 4 --input -", "--items and --input exclude each other"],
  ["a path for memory", "--transport memory --path here", "--path is of no use"],
  ["keeping memory", "--transport memory --keep", "--keep is of no use"],
  ["keeping a broker", "--transport zeromq --keep", "--keep is of no use"],
  ["a path for a socket, too long", `--transport zeromq --path ${"x".repeat(120)}`, "the path in `url`"],
  ["a socket where others come", "--transport zeromq --path /usr/x", "chmod 700"],
  [
    "a path for a socket, without a parent",
    "--transport zeromq --path nowhere/buffer",
    '--path "nowhere/buffer" cannot be used: ',
  ],
  ["a url for a file", "--url tcp://127.0.0.1:4000", "--url is of no use: a buffer in file has no broker"],
  ["a journal for memory", "--transport memory --journal here", "--journal is of no use"],
  [
    "two places",
    "--transport zeromq --path a --url tcp://127.0.0.1:*",
    "--path and --url exclude each other",
  ],
  ["a url that is none", "--transport zeromq --url tcp://*:4000", "`0.0.0.0` is all addresses"],
  ["killing nobody we know", "--kill broker", '--kill must be producer or consumer, got "broker"'],
  [
    "killing workers of this process",
    "--transport memory --kill consumer",
    "the consumers are in the demo's own process",
  ],
  ["a pace of nothing", "--every 2s", "--every is of no use without --kill"],
  ["a time without a unit", "--kill consumer --every 5", 'must be a time such as 500ms or 2s, got "5"'],
  ["no time at all", "--kill consumer --every 0ms", 'must be a time such as 500ms or 2s, got "0ms"'],
  ["more poison than items", "--poison 10", "--poison 10 is too many: there are 9 items"],
  ["more poison than can be told", "--items 20000 --poison 10001", "it is for at most 10000"],
  ["poison among lines", "--poison 1 --input -", "--poison and --input exclude each other"],
  [
    "resuming memory",
    "--transport memory --resume",
    "--resume is of no use: a buffer in memory ends with the demo",
  ],
  ["resuming a broker", "--transport zeromq --resume", "unless there is a --journal"],
  ["resuming nothing in particular", "--resume", "--resume needs --path"],
  ["resuming what is not there", "--path nowhere --resume", 'no buffer to resume at --path "nowhere"'],
  ["resuming no shared memory", "--transport shm --path nowhere --resume", 'at --path "nowhere"'],
  ["resuming no journal", "--transport zeromq --journal nowhere --resume", 'at --journal "nowhere"'],
  ["resuming what is no buffer", "--path /dev/null --resume", '--path "/dev/null" cannot be used: '],
  ["resuming with lines", "--path here --resume --input -", "--resume and --input exclude each other"],
  ["a path without a parent", "--path nowhere/buffer", '--path "nowhere/buffer" cannot be used: '],
  ["a path that is something else", "--path /dev/null", '--path "/dev/null" cannot be used: '],
  ["a path that is empty", "--path=", "--path needs a value"],
])("%s", async (_what, args, says) => {
  const folder = freshFolder();
  const { code, stdout, stderr } = await run(args.split(" "), { folder });
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^demo: [^\n]* \(--help tells more\)\n$/);
  expect(stderr).toContain(says);
  expect(leftIn(folder)).toEqual([]);
});

test.each([
  ["that is not there", "nowhere", []],
  ["that is not there, for an input", "nowhere", ["--transport", "memory", "--input", "-"]],
  ["too long for a socket", "x".repeat(120), ["--transport", "memory", "--input", "-"]],
])("a folder for temporary files %s", async (_what, name, args) => {
  const folder = freshFolder();
  const TMPDIR = join(folder, name);
  if (name !== "nowhere") mkdirSync(TMPDIR);
  const { code, stdout, stderr } = await run([...args, "--output", "out.txt"], { folder, env: { TMPDIR } });
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^demo: [^\n]*TMPDIR[^\n]*\n$/);
  expect(leftIn(folder)).toEqual(name === "nowhere" ? [] : [name]);
  if (name !== "nowhere") expect(leftIn(TMPDIR)).toEqual([]);
});

test("a place that is taken is left as it was, and the output with it", async () => {
  const folder = freshFolder();
  writeFileSync(join(folder, "taken"), "not a buffer");
  writeFileSync(join(folder, "out.txt"), "from before\n");
  const { code, stderr } = await run(["--path", "taken", "--output", "out.txt"], { folder });
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(/^demo: [^\n]*\n$/);
  expect(leftIn(folder).sort()).toEqual(["out.txt", "taken"]);
  const same = await run(["--input", "out.txt", "--output", "out.txt"], { folder });
  expect(same.stderr).toContain("--output must be another file than --input");
  expect(same.code).toBe(2);
});
