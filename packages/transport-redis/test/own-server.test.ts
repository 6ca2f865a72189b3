// A server of a program's own keeps nobody: neither the program, nor itself when that has ended.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endOfOwnServer, startedInterrupted } from "@sluice/test-support";
import { expect, test } from "vitest";
import { startOwnServer } from "../dist/index.js";
import { noServer } from "./support/servers.js";

test.skipIf(noServer)("a program that has nothing else to do ends, and its server with it", async () => {
  const code = await endOfOwnServer(new URL("../dist/index.js", import.meta.url));
  expect(code, "how the program ended").toBe(0);
});

test.skipIf(noServer)("a Ctrl-C that was not meant for it does not keep it from starting", async () => {
  expect(await startedInterrupted(startOwnServer)).toBe(true);
});

test("a path that cannot be its socket's is refused, and what is there stays", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-"));
  const taken = join(folder, "taken");
  writeFileSync(taken, "somebody's");
  const refused = [taken, join(folder, "missing", "socket"), join(folder, "x".repeat(108)), 7, undefined];
  for (const path of refused) {
    const start = startOwnServer(path as string);
    await expect(start, `${path}`).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(start, `${path}`).rejects.toThrow(/^Expected `socket` to be a path of at most 107 bytes/);
  }
  expect(readFileSync(taken, "utf8")).toBe("somebody's");
  rmSync(folder, { recursive: true });
});
