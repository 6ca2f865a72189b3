// Where a buffer may be, what else may be there, and what is never adopted and never deleted.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { createBuffer, openBuffer } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { shmTransport } from "../dist/index.js";
import { geometryOf, Word } from "../dist/region-layout.js";
import { Actor } from "./support/actor.js";
import { Folder, noWait, now, spec, until, waiting } from "./support/ports.js";

const code = (code: string) => expect.objectContaining({ code });

describe("options", () => {
  const bad: [string, unknown][] = [
    ["none", undefined],
    ["a string", "name"],
    ["no name", {}],
    ["an unknown one", { name: "a", pathh: "b" }],
    ["a name that is no string", { name: 7 }],
    ["an empty name", { name: "" }],
    ["a name with a slash", { name: "a/b" }],
    ["a name that leads out", { name: ".." }],
    ["a hidden name", { name: ".a" }],
    ["a long name", { name: "a".repeat(101) }],
    ["a directory that is no string", { name: "a", directory: 1 }],
    ["an empty directory", { name: "a", directory: "" }],
    ["a directory with NUL", { name: "a", directory: "a\0b" }],
    ["a negative lockWaitMs", { name: "a", lockWaitMs: -1 }],
    ["a lockWaitMs that is no integer", { name: "a", lockWaitMs: 1.5 }],
  ];
  test.each(bad)("%s: refused, saying what was expected", (_, options) => {
    expect(() => shmTransport(options as never)).toThrow(code("INVALID_ARGUMENT"));
  });
});

describe("create", () => {
  test("makes everything for this user alone", async () => {
    using folder = new Folder();
    const port = await folder.create();
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect([mode(folder.place), mode(folder.root)]).toEqual([0o700, 0o700]);
    expect(readdirSync(folder.root).map((name) => mode(join(folder.root, name)))).toEqual([
      0o600, 0o600, 0o600,
    ]);
    await port.destroy();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("allocates the region in full", async () => {
    using folder = new Folder();
    await folder.create({ capacity: 100 });
    const { size, blocks } = statSync(join(folder.root, "region"));
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
  });

  test("refuses a directory that does not exist", async () => {
    const transport = shmTransport({ name: "a", directory: "/dev/shm/sluice-there-is-none" });
    await expect(transport.create(spec(), {})).rejects.toThrow(code("INVALID_ARGUMENT"));
    await expect(transport.open()).rejects.toThrow(code("BUFFER_NOT_FOUND"));
  });

  test("refuses what shared memory cannot be", async () => {
    using folder = new Folder();
    await expect(folder.transport().create(spec(), { durability: "fsync" })).rejects.toThrow(
      code("CAPABILITY_MISSING"),
    );
    const large = spec({ capacity: 1_000_000 });
    await expect(folder.transport().create(large, {})).rejects.toThrow(/CAPABILITY_MISSING|capacity 1000000/);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("says STORAGE_FULL where the memory does not suffice, and leaves nothing", async (context) => {
    using folder = new Folder();
    const small = join(folder.path, "small");
    mkdirSync(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", small], { stdio: "ignore" });
    } catch {
      context.skip("no file system can be mounted here");
    }
    try {
      const transport = shmTransport({ name: "buffer", directory: small });
      await expect(transport.create(spec({ capacity: 100 }), {})).rejects.toThrow(code("STORAGE_FULL"));
      expect(readdirSync(small)).toEqual([]);
      await transport.create(spec({ capacity: 2, itemBytesMax: 100, bufferBytesMax: 4000 }), {});
    } finally {
      execFileSync("umount", [small]);
    }
  });

  test("in the default place makes a directory for this user alone", async () => {
    const transport = shmTransport({ name: `test-${process.pid}` });
    const buffer = await createBuffer(transport, { capacity: 1 });
    const { name, directory } = buffer.address.place as { name: string; directory?: string };
    expect([name, directory]).toEqual([`test-${process.pid}`, undefined]);
    await (await openBuffer(transport)).close();
    await buffer.destroy();
    expect(statSync(`/dev/shm/sluice-${process.getuid?.()}`).mode & 0o777).toBe(0o700);
  });
});

describe("what is there is not adopted and not deleted:", () => {
  const foreign: [string, (place: string) => void, string][] = [
    ["a file", (place) => writeFileSync(place, "mine"), "NOT_A_BUFFER"],
    ["a link to a directory", (place) => symlinkSync(dirname(place), place), "NOT_A_BUFFER"],
    [
      "a directory with something else in it",
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        writeFileSync(join(place, "letters"), "mine");
      },
      "NOT_A_BUFFER",
    ],
    [
      "a directory that others may enter",
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o755);
      },
      "PERMISSION_DENIED",
    ],
  ];
  test.each(foreign)("%s", async (_, make, expected) => {
    using folder = new Folder();
    make(folder.place);
    const before = execFileSync("ls", ["-lAR", folder.path], { encoding: "utf8" });
    await expect(folder.transport().create(spec(), {})).rejects.toThrow(code(expected));
    await expect(folder.transport().open()).rejects.toThrow(code(expected));
    expect(execFileSync("ls", ["-lAR", folder.path], { encoding: "utf8" })).toBe(before);
  });

  const damaged: [string, (region: string) => void, string][] = [
    ["an empty region", (region) => truncateSync(region, 0), "NOT_A_BUFFER"],
    ["a region that was cut off", (region) => truncateSync(region, 8192), "DATA_CORRUPT"],
    ["a region of another program", (region) => writeFileSync(region, Buffer.alloc(8192, 7)), "NOT_A_BUFFER"],
    [
      "a region of a later format",
      (region) => change(region, (bytes) => bytes.writeInt32LE(2, 12)),
      "VERSION_UNSUPPORTED",
    ],
    [
      "a header with one bit changed",
      (region) => change(region, (bytes) => bytes.writeUInt8(0x20, 40)),
      "DATA_CORRUPT",
    ],
    [
      "the region of another buffer",
      (region) => rewriteHeader(region, (header) => ({ ...header, id: "0".repeat(32) })),
      "DATA_CORRUPT",
    ],
    [
      "a header that makes no sense",
      (region) => rewriteHeader(region, (header) => ({ ...header, spec: { ...header.spec, capacity: -5 } })),
      "DATA_CORRUPT",
    ],
    ["a header without settings", (region) => rewriteHeader(region, () => ({})), "DATA_CORRUPT"],
  ];
  test.each(damaged)("%s", async (_, damage, expected) => {
    using folder = new Folder();
    await (await folder.create()).close();
    const region = join(folder.root, "region");
    damage(region);
    const bytes = readFileSync(region);
    await expect(folder.transport().open()).rejects.toThrow(code(expected));
    await expect(folder.transport().create(spec(), {})).rejects.toThrow(code(expected));
    expect(readFileSync(region).equals(bytes)).toBe(true);
  });

  test("a region that is a link", async () => {
    using folder = new Folder();
    await (await folder.create()).close();
    const region = join(folder.root, "region");
    execFileSync("mv", [region, join(folder.path, "elsewhere")]);
    symlinkSync(join(folder.path, "elsewhere"), region);
    await expect(folder.transport().open()).rejects.toThrow(code("STORAGE_FAILED"));
    expect(existsSync(join(folder.path, "elsewhere"))).toBe(true);
  });
});

test("a region of an earlier boot is over: nobody opens it, and the next create takes its place", async () => {
  using folder = new Folder();
  await (await folder.create()).close();
  const other = "00000000-0000-4000-8000-000000000000";
  rewriteHeader(join(folder.root, "region"), (header) => ({ ...header, boot: other }));
  await expect(folder.transport().open()).rejects.toThrow(code("BUFFER_NOT_FOUND"));
  const port = await folder.create();
  expect(now(port.counts()).ready).toBe(0);
  await port.destroy();
});

test("what crashed processes were making or removing is removed by the next open", async () => {
  using folder = new Folder();
  const port = await folder.create();
  for (let i = 0; i < 3; i++) {
    const aside = join(folder.path, `.buffer.${String(i).repeat(16)}`);
    mkdirSync(join(aside, "buffer"), { recursive: true });
    writeFileSync(join(aside, "buffer", "region"), "half");
  }
  mkdirSync(join(folder.path, ".buffer.mine"));
  const other = await folder.transport().open();
  expect(readdirSync(folder.path).sort()).toEqual([".buffer.mine", "buffer"]);
  await other.close();
  await port.destroy();
});

test("what crashed processes were making or removing is removed by destroy", async () => {
  using folder = new Folder();
  const port = await folder.create();
  mkdirSync(join(folder.path, `.buffer.${"a".repeat(16)}`, "buffer"), { recursive: true });
  await port.destroy();
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a buffer whose destroyer died over it is removed by the next open", async () => {
  using folder = new Folder();
  const port = await folder.create();
  (await folder.words(geometryOf(port.spec).regionBytes))[Word.destroyed] = 1;
  await expect(folder.transport().open()).rejects.toThrow(code("BUFFER_NOT_FOUND"));
  expect(readdirSync(folder.path)).toEqual([]);
});

test("100 processes that crash leave nothing behind", { timeout: 240_000 }, async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 200, failuresMax: 1000 });
  for (let round = 0; round < 10; round++) {
    const actors = await Promise.all(Array.from({ length: 10 }, () => Actor.on(port.address)));
    await Promise.all(actors.map((actor) => actor.call("put", "x")));
    await Promise.all(actors.slice(5).map((actor) => actor.call("lease", 600_000)));
    await Promise.all(actors.map((actor) => actor.kill()));
  }
  const other = await folder.transport().open();
  expect(folder.bells.length).toBe(2);
  const consumer = await other.consumer();
  let taken = 0;
  await until(async () => {
    taken += (await consumer.poll(100, waiting(500))).deliveries.length;
    return taken >= 100;
  }, "all come out");
  taken += (await consumer.poll(100, noWait)).deliveries.length;
  expect(taken).toBe(100);
  await other.destroy();
  await port.close();
  expect(readdirSync(folder.path)).toEqual([]);
});

interface Header {
  readonly id: string;
  readonly boot: string;
  readonly spec: Record<string, unknown>;
}

function change(region: string, how: (bytes: Buffer) => void): void {
  const bytes = readFileSync(region);
  how(bytes);
  writeFileSync(region, bytes);
}

function rewriteHeader(region: string, how: (header: Header) => unknown): void {
  change(region, (bytes) => {
    const length = bytes.readUInt32LE(16);
    const text = Buffer.from(
      JSON.stringify(how(JSON.parse(bytes.subarray(24, 24 + length).toString()) as Header)),
    );
    bytes.writeUInt32LE(text.length, 16);
    bytes.writeUInt32LE(crc32(text), 20);
    text.copy(bytes, 24);
  });
}
