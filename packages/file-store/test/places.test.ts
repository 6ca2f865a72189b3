// What may stand at a store's place because of how somebody has died there, or of who made it. Other places: transport-file's tests.

import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { changeHead, destroyAtOnce } from "./support/log.js";
import { created, Folder, opened } from "./support/ports.js";
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
