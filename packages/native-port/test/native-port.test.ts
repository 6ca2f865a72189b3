// With real files and real processes: what these calls promise is about others.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadNativePort } from "../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-native-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function newFile(bytes: number): string {
  const path = join(folder, `file-${++files}`);
  writeFileSync(path, Buffer.alloc(bytes));
  return path;
}

const module = new URL("../dist/index.js", import.meta.url).href;
const script = (body: string) => [
  "--input-type=module",
  "--eval",
  `import fs from "node:fs"; import { loadNativePort } from ${JSON.stringify(module)}; const port = await loadNativePort(); ${body}`,
];

describe("map", () => {
  test("shares its bytes with the file and with every other mapping, in this process and in others", async () => {
    const port = await loadNativePort();
    const path = newFile(4096);
    const fd = openSync(path, "r+");
    const here = new Int32Array(port.map(fd, 4096));
    const again = new Int32Array(port.map(fd, 4096));
    closeSync(fd);
    Atomics.store(here, 3, 42);
    expect(Atomics.load(again, 3)).toBe(42);
    expect(readFileSync(path).readInt32LE(12)).toBe(42);
    const child = `const words = new Int32Array(port.map(fs.openSync(${JSON.stringify(path)}, "r+"), 4096)); Atomics.add(words, 3, 1);`;
    expect(spawnSync(process.execPath, script(child)).status).toBe(0);
    expect(Atomics.load(here, 3)).toBe(43);
  });

  test("says as Node does what is wrong", async () => {
    const port = await loadNativePort();
    const fd = openSync(newFile(4096), "r");
    expect(() => port.map(fd, 4096)).toThrow(expect.objectContaining({ code: "EACCES", syscall: "mmap" }));
    closeSync(fd);
    expect(() => port.map(fd, 4096)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test("ends when nobody refers to the memory any more", () => {
    const path = newFile(4096);
    const body = `
      const fd = fs.openSync(${JSON.stringify(path)}, "r+");
      const mapped = () => fs.readFileSync("/proc/self/maps", "utf8").split(${JSON.stringify(path)}).length - 1;
      const kept = new Int32Array(port.map(fd, 4096));
      for (let i = 0; i < 100; i++) new Int32Array(port.map(fd, 4096))[0] = i;
      const before = mapped();
      for (let i = 0; i < 20 && mapped() > 1; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
      kept[1] = 7;
      console.log(JSON.stringify({ before, after: mapped(), first: kept[0] }));`;
    const child = spawnSync(process.execPath, ["--expose-gc", ...script(body)], { encoding: "utf8" });
    expect(child.stderr).toBe("");
    expect(JSON.parse(child.stdout)).toEqual({ before: 101, after: 1, first: 99 });
  });
});

describe("mkfifo", () => {
  test("makes a FIFO with the mode, and says where there is something", async () => {
    const port = await loadNativePort();
    const path = join(folder, "fifo");
    port.mkfifo(path, 0o600);
    expect(statSync(path).isFIFO()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => port.mkfifo(path, 0o600)).toThrow(
      expect.objectContaining({ code: "EEXIST", syscall: "mkfifo", message: expect.stringContaining(path) }),
    );
  });
});

describe("open", () => {
  test("opens what is there, not for child processes, and says what is wrong", async () => {
    const port = await loadNativePort();
    const path = newFile(3);
    const fd = port.open(path, constants.O_RDONLY);
    expect(readFileSync(fd).length).toBe(3);
    const child = spawnSync("ls", ["-l", `/proc/self/fd/${fd}`], { encoding: "utf8" });
    expect(child.stdout).not.toContain(path);
    closeSync(fd);
    expect(() => port.open(join(folder, "none"), constants.O_RDONLY)).toThrow(
      expect.objectContaining({ code: "ENOENT", syscall: "open" }),
    );
  });
});

describe("flock", () => {
  test("excludes every other open file, also one of this process, until it is given back or closed", async () => {
    const port = await loadNativePort();
    const path = newFile(0);
    const [one, two] = [openSync(path, "r+"), openSync(path, "r+")];
    expect(port.flock(one, "exclusive")).toBe(true);
    expect(port.flock(two, "exclusive")).toBe(false);
    expect(port.flock(two, "shared")).toBe(false);
    expect(port.flock(one, "none")).toBe(true);
    expect(port.flock(two, "shared")).toBe(true);
    expect(port.flock(one, "shared")).toBe(true);
    closeSync(two);
    expect(port.flock(one, "exclusive")).toBe(true);
    closeSync(one);
  });

  test("stays with a process that is stopped, and ends with one that is killed, on a FIFO too", async () => {
    const port = await loadNativePort();
    const path = join(folder, "bell");
    port.mkfifo(path, 0o600);
    const flags = constants.O_RDWR | constants.O_NONBLOCK;
    const body = `
      const fd = fs.openSync(${JSON.stringify(path)}, ${flags});
      console.log(port.flock(fd, "exclusive"));
      setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, script(body), { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    const [told] = (await once(child.stdout, "data")) as [Buffer];
    expect(told.toString().trim()).toBe("true");
    const fd = openSync(path, flags);
    expect(port.flock(fd, "shared")).toBe(false);
    child.kill("SIGSTOP");
    expect(port.flock(fd, "shared")).toBe(false);
    child.kill("SIGKILL");
    await exit;
    expect(port.flock(fd, "shared")).toBe(true);
    closeSync(fd);
  });

  test("is not passed on to child processes, who would hold it for longer", async () => {
    const port = await loadNativePort();
    const path = newFile(0);
    const body = `
      import { spawn } from "node:child_process";
      const fd = fs.openSync(${JSON.stringify(path)}, "r+");
      port.flock(fd, "exclusive");
      const grandchild = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
      console.log(grandchild.pid);
      setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, script(body), { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    const [told] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGKILL");
    await exit;
    const fd = openSync(path, "r+");
    expect(port.flock(fd, "exclusive")).toBe(true);
    closeSync(fd);
    process.kill(Number(told.toString()), "SIGKILL");
  });
});
