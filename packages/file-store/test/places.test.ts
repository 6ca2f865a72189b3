// What may stand at a store's place because of how somebody died there, or of who made it; and in whose name that is told. Other
// places: the tests of transport-file.

import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LOCK_NAMES } from "../dist/index.js";
import { changeHead, destroyAtOnce, segmentsOf } from "./support/log.js";
import { created, Folder, made, NAME, noWait, opened } from "./support/ports.js";
import { tree } from "./support/tree.js";

test("create takes a place where somebody died while destroying", async () => {
  using folder = new Folder();
  await created(folder);
  // Its commit was made, and then only a part of the files was removed.
  const root = folder.root;
  const left = join(folder.place, "gone.0123456789abcdef");
  destroyAtOnce(folder);
  mkdirSync(join(left, "own"), { recursive: true, mode: 0o700 });
  chmodSync(folder.place, 0o700);
  await expect(opened(folder)).rejects.toMatchObject({
    code: "BUFFER_NOT_FOUND",
  });
  expect(existsSync(left), "open touches nothing").toBe(true);
  const buffer = await created(folder);
  expect(readdirSync(folder.place)).not.toContain("gone.0123456789abcdef");
  expect(folder.root).not.toBe(root);
  await buffer.destroy();
  expect(existsSync(folder.place)).toBe(false);
});

test("a lock strategy of a later version is refused by its name", async () => {
  using folder = new Folder();
  await created(folder);
  changeHead(join(folder.root, "header"), (head: object) => ({ ...head, lock: "semaphore" }));
  const before = tree(folder.path);
  await expect(opened(folder)).rejects.toMatchObject({
    code: "VERSION_UNSUPPORTED",
    message: expect.stringContaining("semaphore"),
  });
  expect(tree(folder.path)).toEqual(before);
});

test.each(LOCK_NAMES)(
  "%s: every error is told in the name of the transport that the store serves",
  async (lock) => {
    using folder = new Folder();
    const told = (code: string) => expect.objectContaining({ code, transport: NAME });
    await expect(opened(folder)).rejects.toEqual(told("BUFFER_NOT_FOUND"));
    const buffer = await created(folder, {}, "none", lock);
    await expect(made(folder)).rejects.toEqual(told("BUFFER_EXISTS"));
    const producer = await buffer.producer("a");
    expect(() => producer.offer(5, [Buffer.from("1")], noWait)).toThrow(told("INVALID_ARGUMENT"));
    const other = await opened(folder);
    await other.producer("a");
    expect(() => producer.offer(1, [Buffer.from("1")], noWait)).toThrow(told("HANDLE_CLOSED"));
    await other.destroy();
    expect(() => buffer.counts()).toThrow(told("BUFFER_DESTROYED"));
    await created(folder, {}, "none", lock);
    const [segment] = segmentsOf(folder);
    writeFileSync(join(folder.root, segment as string, "state"), "");
    await expect(opened(folder)).rejects.toEqual(told("DATA_CORRUPT"));
  },
);
