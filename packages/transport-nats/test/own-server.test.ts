// A server of a program's own keeps nobody: neither the program, nor itself when that has ended.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endOfOwnServer } from "@sluice/test-support";
import { expect, onTestFinished, test, vi } from "vitest";
import { startOwnServer } from "../dist/index.js";
import { noServer } from "./support/servers.js";

test.skipIf(noServer)("a program that has nothing else to do ends, and its server with it", async () => {
  const code = await endOfOwnServer(new URL("../dist/index.js", import.meta.url));
  expect(code, "how the program ended").toBe(0);
});

// A terminal's Ctrl-C meets the shell between its fork and its own session. Here the shell does that to itself.
test.skipIf(noServer)("a Ctrl-C that was not meant for it does not keep it from starting", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const note = join(folder, "note");
  const shell = `#!/bin/sh\n[ -e "${note}" ] || { : > "${note}"; kill -INT $$; }\nexec /bin/sh "$@"\n`;
  writeFileSync(join(folder, "sh"), shell);
  chmodSync(join(folder, "sh"), 0o700);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  const server = await startOwnServer(join(folder, "server"));
  expect(existsSync(note)).toBe(true);
  await server.stop();
});

test("a path that cannot be its folder's is refused, and what is there stays", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-"));
  for (const path of [folder, join(folder, "missing", "server"), 7, undefined]) {
    const start = startOwnServer(path as string);
    await expect(start, `${path}`).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(start, `${path}`).rejects.toThrow(
      /^Expected `folder` to be a path where there is nothing yet/,
    );
  }
  expect(existsSync(folder)).toBe(true);
  rmSync(folder, { recursive: true });
});
