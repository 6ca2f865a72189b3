// What DISK-8 takes for promised: from lines as strace writes them to what a disk may hold when the power goes.
import { expect, test } from "vitest";
import { crashState, type Fate, unsynced } from "../src/disk/power/crash-state.js";
import { type Change, FileChanges } from "../src/disk/power/file-changes.js";
import { type DirectoryNode, differenceOf, type TreeNode } from "../src/disk/power/file-tree.js";
import { tracedCalls } from "../src/disk/power/traced-calls.js";
import { Unable } from "../src/rule.js";

const DIRECTORY = "/a place";

const hex = (text: string) => [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16)}`).join("");
const path = (name: string) => `"${hex(`${DIRECTORY}/${name}`)}"`;
const at = (fd: number, name: string) => `${fd}<${hex(name === "" ? DIRECTORY : `${DIRECTORY}/${name}`)}>`;

const create = (fd: number, name: string) =>
  `7 openat(AT_FDCWD<${hex("/")}>, ${path(name)}, O_WRONLY|O_CREAT|O_EXCL, 0600) = ${at(fd, name)}`;
const write = (fd: number, name: string, text: string) =>
  `7 write(${at(fd, name)}, "${hex(text)}", ${text.length}) = ${text.length}`;
const sync = (fd: number, name: string) => `7 fsync(${at(fd, name)}) = 0`;
const syncDirectory = `7 openat(AT_FDCWD<${hex("/")}>, "${hex(DIRECTORY)}", O_RDONLY) = ${at(9, "")}\n${sync(9, "")}`;
const rename = (from: string, to: string) => `7 rename(${path(from)}, ${path(to)}) = 0`;

const empty = (): DirectoryNode => ({ kind: "directory", mode: 0o700, entries: new Map() });

function changesIn(lines: readonly string[], base = empty()): FileChanges {
  const files = new FileChanges(DIRECTORY, base);
  for (const call of tracedCalls(lines.join("\n"))) files.add(call);
  return files;
}

/** Names and bytes after the last line. @param fateOf - of each change that was not synced. */
function stateOf(files: FileChanges, fateOf: (change: Change) => Fate): Record<string, string> {
  const pending = unsynced(files.changes, Infinity);
  const { entries } = crashState(files, Infinity, new Map(pending.map((one) => [one, fateOf(one)])));
  const text = (node: TreeNode) => (node.kind === "file" ? node.bytes.toString() : "a directory");
  return Object.fromEntries([...entries].map(([name, node]) => [name, text(node)]));
}

const lost = () => "lost" as const;

test("a sync of a file is one of its bytes, not of its name", () => {
  const files = changesIn([create(3, "a"), write(3, "a", "one"), sync(3, "a")]);
  expect(stateOf(files, lost)).toEqual({});
  expect(stateOf(files, () => "kept")).toEqual({ a: "one" });
  expect(unsynced(files.changes, Infinity).map(({ text }) => text)).toEqual(["create a"]);
});

test("a sync of the directory is one of the name, not of the bytes", () => {
  const files = changesIn([create(3, "a"), write(3, "a", "one"), syncDirectory]);
  expect(stateOf(files, lost)).toEqual({ a: "" });
});

test("a rename is had whole or not at all, and without the bytes if those were not synced", () => {
  const before = [create(3, "a"), write(3, "a", "old"), sync(3, "a"), create(4, "b"), syncDirectory];
  const files = changesIn([...before, write(4, "b", "new"), rename("b", "a")]);
  expect(stateOf(files, lost)).toEqual({ a: "old", b: "" });
  expect(stateOf(files, ({ kind }) => (kind === "names" ? "kept" : "lost"))).toEqual({ a: "" });
  expect(stateOf(files, ({ kind }) => (kind === "names" ? "lost" : "kept"))).toEqual({ a: "old", b: "new" });
});

test("a torn write has some of its sectors, and zeros for those before them", () => {
  const files = changesIn([create(3, "a"), syncDirectory, write(3, "a", "x".repeat(1200))]);
  const torn = (...sectors: number[]) => stateOf(files, () => ({ sectors: new Set(sectors) }))["a"];
  expect(torn()).toBe("");
  expect(torn(0)).toBe("x".repeat(512));
  expect(torn(2)).toBe("\0".repeat(1024) + "x".repeat(176));
});

test("a sector is as it stood in memory: no later write without the earlier ones of it", () => {
  const files = changesIn([create(3, "a"), syncDirectory, write(3, "a", "one "), write(3, "a", "two")]);
  let first = true;
  const laterAlone = (): Fate => {
    const fate = first ? "lost" : "kept";
    first = false;
    return fate;
  };
  expect(stateOf(files, laterAlone)).toEqual({ a: "one two" });
});

test("a sync covers what had ended before it began, in whichever thread", () => {
  const files = changesIn([
    create(3, "a"),
    syncDirectory,
    write(3, "a", "one"),
    `8 fsync(${at(3, "a")} <unfinished ...>`,
    write(3, "a", "two"),
    "8 <... fsync resumed>) = 0",
  ]);
  expect(unsynced(files.changes, Infinity).map(({ text }) => text)).toEqual(["write 3 bytes at 3 of a"]);
  // Before the sync had ended nothing was promised.
  expect(unsynced(files.changes, 6)).toHaveLength(2);
});

test("a file goes by its number: written to by a name that it has no more, and by two names", () => {
  const link = `7 link(${path("a")}, ${path("b")}) = 0`;
  const lines = [create(3, "a"), link, `7 unlink(${path("a")}) = 0`, write(3, "a", "one")];
  expect(stateOf(changesIn(lines), () => "kept")).toEqual({ b: "one" });
  expect(stateOf(changesIn(lines), ({ text }) => (text === "remove a" ? "lost" : "kept"))).toEqual({
    a: "one",
    b: "one",
  });
});

test("what failed changed nothing, and what is written elsewhere is nobody's business", () => {
  const files = changesIn([
    `7 rename(${path("a")}, ${path("b")}) = -1 ENOENT (No such file or directory)`,
    `7 write(1<${hex("/dev/null")}>, "${hex("one")}", 3) = 3`,
  ]);
  expect(files.changes).toEqual([]);
});

test.each([
  [
    "mapped memory",
    `7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, ${at(3, "a")}, 0) = 0x7f0000000000`,
  ],
  ["sendfile", `7 sendfile(${at(3, "a")}, 5<${hex("/b")}>, NULL, 10) = 10`],
  ["a symbolic link", `7 symlink("${hex("b")}", ${path("a")}) = 0`],
  ["from elsewhere", `7 rename("${hex("/b")}", ${path("a")}) = 0`],
])("%s cannot be followed, and is said", (_, line) => {
  expect(() => changesIn([create(3, "a"), line])).toThrow(Unable);
});

test("what is done by a copy of a descriptor cannot be followed, and is said", () => {
  const lines = [create(3, "a"), syncDirectory, write(3, "a", "one")];
  // Its sync would count for nothing.
  expect(() => changesIn([...lines, sync(4, "a")])).toThrow(Unable);
  expect(() => changesIn([...lines, write(4, "a", "one")])).toThrow(Unable);
});

test("what is under way may be there, also if another that began later has ended", () => {
  const began = write(3, "a", "one").replace(/\) = .*/, " <unfinished ...>");
  const files = changesIn([
    create(3, "a"),
    began,
    create(4, "b").replace(/^7/, "8"),
    "7 <... write resumed>) = 3",
  ]);
  const { entries } = crashState(files, 2, new Map());
  expect([...entries.keys()]).toEqual(["a"]);
  expect(entries.get("a")).toMatchObject({ bytes: Buffer.from("one") });
});

test("two trees differ at a path, in names or in bytes", () => {
  const file = (text: string): TreeNode => ({ kind: "file", mode: 0o600, bytes: Buffer.from(text) });
  const tree = (...entries: [string, TreeNode][]): DirectoryNode => ({
    ...empty(),
    entries: new Map(entries),
  });
  expect(differenceOf(tree(["d", tree(["a", file("1")])]), tree(["d", tree(["a", file("1")])]))).toBe(
    undefined,
  );
  expect(differenceOf(tree(["d", tree(["a", file("1")])]), tree(["d", tree(["a", file("2")])]))).toBe("d/a");
  expect(differenceOf(tree(), tree(["d", tree()]))).toBe("d");
});
