// The option `lock`: kept in the buffer, and refused where it cannot be had.

import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { tree } from "../../file-store/test/support/tree.js";
import { fileTransport, transportAt } from "../dist/index.js";
import { created, Folder, type LockName, spec } from "./support/folder.js";

describe("the strategy stands in the header", () => {
  test.each<[LockName, LockName]>([
    ["flock", "proper-lockfile"],
    ["proper-lockfile", "flock"],
  ])("made with %s: %s is refused, naming both; leaving it out takes what there is", async (made, asked) => {
    using folder = new Folder();
    const buffer = await created(folder, made);
    const before = tree(folder.path);
    const refused = {
      code: "SETTINGS_MISMATCH",
      message: expect.stringMatching(new RegExp(`"${made}".*"${asked}"`)),
    };
    await expect(fileTransport({ path: folder.place, lock: asked }).open()).rejects.toMatchObject(refused);
    expect(tree(folder.path)).toEqual(before);
    const exists = { code: "BUFFER_EXISTS" };
    await expect(created(folder, asked)).rejects.toMatchObject(exists);
    expect(await (await fileTransport({ path: folder.place, lock: made }).open()).counts()).toMatchObject({
      ready: 0,
    });
    expect(await (await fileTransport({ path: folder.place }).open()).counts()).toMatchObject({ ready: 0 });
    const place = buffer.address.place as { lock: string };
    expect(place.lock).toBe(made);
    const again = await transportAt(buffer.address).open(buffer.address);
    expect(await again.counts()).toMatchObject({ ready: 0 });
    await buffer.destroy();
  });

  test("any other is refused before anything is made", async () => {
    const refused = expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/"proper-lockfile" or "flock".*"fcntl"/),
    });
    expect(() => fileTransport({ path: "x", lock: "fcntl" as LockName })).toThrow(refused);
  });
});

test("without koffi: CAPABILITY_MISSING says what to do, nothing is made, and the other strategy works", async () => {
  using folder = new Folder();
  const hook = `export const resolve = (name, context, next) => {
    if (name === "koffi") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(name, context);
  };`;
  const body = `
    import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));
    const { fileTransport } = await import(${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)});
    const spec = ${JSON.stringify(spec())};
    const path = ${JSON.stringify(folder.place)};
    const code = (error) => ({ code: error.code, message: error.message });
    const missing = await fileTransport({ path, lock: "flock" }).create(spec, {}).catch(code);
    const { readdirSync } = await import("node:fs");
    const left = readdirSync(${JSON.stringify(folder.path)});
    await fileTransport({ path }).create(spec, {});
    console.log(JSON.stringify({ missing, left }));`;
  // Newer Nodes warn of `register`; what replaces it the oldest does not have.
  const args = ["--no-warnings", "--input-type=module", "--eval", body];
  const child = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(child.stderr).toBe("");
  expect(JSON.parse(child.stdout)).toEqual({
    missing: { code: "CAPABILITY_MISSING", message: expect.stringContaining("npm install koffi") },
    left: [],
  });
});
