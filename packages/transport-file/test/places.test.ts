// What a path may be that is not a buffer: refused with the exact code, and left as it was.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ErrorCode } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { tree } from "../../file-store/test/support/tree.js";
import { fileTransport, transportAt } from "../dist/index.js";
import { created, Folder, spec } from "./support/folder.js";

interface Place {
  readonly name: string;
  readonly create: ErrorCode | "works";
  readonly open: ErrorCode;
  /** Makes it what its name says. */
  readonly make: (path: string) => void;
}

const places: Place[] = [
  { name: "nothing", create: "works", open: "BUFFER_NOT_FOUND", make: () => {} },
  {
    name: "an empty directory",
    create: "works",
    open: "BUFFER_NOT_FOUND",
    make: (path) => mkdirSync(path, { mode: 0o700 }),
  },
  {
    name: "an empty directory of mode 755",
    create: "works",
    open: "BUFFER_NOT_FOUND",
    make: (path) => mkdirSync(path, { mode: 0o755 }),
  },
  {
    name: "a file",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => writeFileSync(path, "mine"),
  },
  {
    name: "an empty file",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => writeFileSync(path, ""),
  },
  {
    name: "a fifo",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => execFileSync("mkfifo", [path]),
  },
  {
    name: "a symbolic link to an empty directory",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => {
      mkdirSync(`${path}-target`);
      symlinkSync(`${path}-target`, path);
    },
  },
  {
    name: "a symbolic link that leads nowhere",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => symlinkSync(`${path}-target`, path),
  },
  {
    name: "a directory with somebody's file",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => {
      mkdirSync(path, { mode: 0o755 });
      writeFileSync(join(path, "thesis.txt"), "mine");
    },
  },
  {
    name: "a directory with somebody's file that is called like what we remove",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => {
      mkdirSync(path, { mode: 0o700 });
      writeFileSync(join(path, "gone.fishing"), "mine");
    },
  },
  {
    name: "a directory that is called like a buffer's, without a header",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => mkdirSync(join(path, `buffer.${"0".repeat(32)}`), { mode: 0o700, recursive: true }),
  },
  {
    name: "a directory with the header of something else",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => {
      const root = join(path, `buffer.${"0".repeat(32)}`);
      mkdirSync(root, { mode: 0o700, recursive: true });
      writeFileSync(join(root, "header"), "#!/bin/sh\necho this is a script, and not a header\n");
    },
  },
  {
    name: "a directory with a link to somebody's directory, called like a buffer's",
    create: "NOT_A_BUFFER",
    open: "NOT_A_BUFFER",
    make: (path) => {
      mkdirSync(path, { mode: 0o700 });
      mkdirSync(`${path}-target`);
      symlinkSync(`${path}-target`, join(path, `buffer.${"0".repeat(32)}`));
    },
  },
  {
    name: "below a file",
    create: "INVALID_ARGUMENT",
    open: "BUFFER_NOT_FOUND",
    make: (path) => writeFileSync(dirname(path), "mine"),
  },
  {
    name: "in a directory that is missing",
    create: "INVALID_ARGUMENT",
    open: "BUFFER_NOT_FOUND",
    make: () => {},
  },
];

describe.each(places)("a path that is $name", ({ name, create, open, make }) => {
  const prepared = (folder: Folder) => {
    const isBelow = name.startsWith("below") || name.startsWith("in a");
    const path = isBelow ? join(folder.path, "parent", "buffer") : folder.place;
    make(path);
    return path;
  };

  test(`open answers ${open}, and touches nothing`, async () => {
    using folder = new Folder();
    const path = prepared(folder);
    const before = tree(folder.path);
    await expect(fileTransport({ path }).open()).rejects.toMatchObject({ code: open });
    expect(tree(folder.path)).toEqual(before);
  });

  test(`create ${create === "works" ? create : `answers ${create}, and touches nothing`}`, async () => {
    using folder = new Folder();
    const path = prepared(folder);
    const before = tree(folder.path);
    const transport = fileTransport({ path });
    const creating = transport.create(spec(), { durability: "none" });
    if (create === "works") {
      await creating;
      const buffer = await transport.open();
      expect(await buffer.counts()).toMatchObject({ ready: 0, produced: 0 });
      await buffer.destroy();
      expect(readdirSync(folder.path)).toEqual([]);
    } else {
      await expect(creating).rejects.toMatchObject({ code: create });
      expect(tree(folder.path)).toEqual(before);
    }
  });
});

test("a buffer's directory that others may enter is refused, and says how it must be", async () => {
  using folder = new Folder();
  const buffer = await created(folder);
  for (const mode of [0o755, 0o770, 0o701]) {
    chmodSync(folder.place, mode);
    const before = tree(folder.path);
    const refused = {
      code: "PERMISSION_DENIED",
      message: expect.stringContaining(`mode ${mode.toString(8)}`),
    };
    await expect(fileTransport({ path: folder.place }).open()).rejects.toMatchObject(refused);
    await expect(fileTransport({ path: folder.place }).create(spec(), {})).rejects.toMatchObject(refused);
    expect(tree(folder.path)).toEqual(before);
  }
  chmodSync(folder.place, 0o700);
  await buffer.destroy();
});

test("a buffer whose directory was moved away, and a link put in its place, is not followed", async () => {
  using folder = new Folder();
  await created(folder);
  const { root } = folder;
  renameSync(root, join(folder.path, "elsewhere"));
  symlinkSync(join(folder.path, "elsewhere"), root);
  const before = tree(folder.path);
  await expect(fileTransport({ path: folder.place }).open()).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
  await expect(created(folder)).rejects.toMatchObject({ code: "NOT_A_BUFFER" });
  expect(tree(folder.path)).toEqual(before);
});

test("create refuses a buffer that is there, open one that was destroyed and made anew", async () => {
  using folder = new Folder();
  const first = await created(folder);
  const before = tree(folder.path);
  await expect(created(folder)).rejects.toMatchObject({ code: "BUFFER_EXISTS" });
  expect(tree(folder.path)).toEqual(before);
  const { address } = first;
  await first.destroy();
  await expect(transportAt(address).open(address)).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  const second = await created(folder);
  await expect(transportAt(address).open(address)).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  const again = await fileTransport({ path: join(folder.path, "elsewhere") }).open(second.address);
  expect(again.address.place).toEqual(second.address.place);
  await second.destroy();
});

describe("options", () => {
  const path = "/tmp/never-made";
  const bad: [name: string, options: unknown, says: string][] = [
    ["none at all", undefined, "an object"],
    ["null", null, "an object"],
    ["a string", "buffer", "an object"],
    ["no path", {}, "`path`"],
    ["an empty path", { path: "" }, "`path`"],
    ["a path with NUL", { path: "a\0b" }, "\\u0000"],
    ["a path that is too long", { path: "a".repeat(4001) }, "4000"],
    ["a number for a path", { path: 7 }, "7"],
    ["a misspelt key", { path, lockWaitMS: 5 }, "lockWaitMs"],
    ["lockWaitMs -1", { path, lockWaitMs: -1 }, "-1"],
    ["lockWaitMs NaN", { path, lockWaitMs: Number.NaN }, "NaN"],
    ["lockWaitMs 1.5", { path, lockWaitMs: 1.5 }, "1.5"],
    ["lockWaitMs of more than a minute", { path, lockWaitMs: 60_001 }, "60000"],
    ["lockWaitMs as text", { path, lockWaitMs: "100" }, "100"],
  ];
  test.each(bad)("%s: INVALID_ARGUMENT, saying what came and what is allowed", (_, options, says) => {
    const refused = { code: "INVALID_ARGUMENT", effect: "none", message: expect.stringContaining(says) };
    expect(() => fileTransport(options as { path: string })).toThrow(expect.objectContaining(refused));
  });

  test("a name that the file system does not take", async () => {
    using folder = new Folder();
    const transport = fileTransport({ path: join(folder.path, "n".repeat(300)) });
    await expect(transport.create(spec(), {})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(transport.open()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("a name that is as long as the file system takes", async () => {
    using folder = new Folder();
    const transport = fileTransport({ path: join(folder.path, "ü".repeat(127)) });
    await transport.create(spec(), { durability: "none" });
    await (await transport.open()).destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("an address that is not one of this transport", () => {
    for (const place of [null, {}, { path: 5, id: "x" }, { path: "/tmp/x", id: "../../etc" }]) {
      const address = { module: "x", transport: "file", place } as never;
      expect(() => transportAt(address)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });
});

test("directories are 0700 and files 0600, whatever the umask, and nothing is left after destroy", async () => {
  using folder = new Folder();
  const umask = process.umask(0);
  try {
    const buffer = await created(folder);
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    const wait = { maxMs: 0, signal: new AbortController().signal, onWait: () => {} };
    // Long enough for several cuts of the log.
    for (let i = 1; i <= 3000; i++) {
      await producer.offer(i, [Buffer.alloc(10)], wait);
      if (i > 3) await consumer.poll(1, wait);
    }
    const modes = tree(folder.path).map((line) => line.split(" ")[1]);
    expect(new Set(modes)).toEqual(new Set(["700", "600"]));
    await buffer.destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  } finally {
    process.umask(umask);
    rmSync(folder.path, { recursive: true, force: true });
  }
});
