// A server of a program's own keeps nobody: neither the program, nor itself when that has ended.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { noServer } from "./support/servers.js";

test.skipIf(noServer)("a program that has nothing else to do ends, and its server with it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-own-server-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = `
    const { startOwnServer } = await import(process.argv[1]);
    process.stdout.write((await startOwnServer(process.argv[2])).url);
  `;
  const module = new URL("../dist/index.js", import.meta.url).href;
  const args = ["--input-type=module", "--eval", program, module, join(folder, "server")];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  expect(status, "how the program ended").toBe(0);
  const { hostname, port, pathname } = new URL(stdout);
  const place = port === "" ? { path: pathname } : { host: hostname, port: Number(port) };
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(place, () => resolve(true));
      socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
    });
  await expect.poll(answers, { timeout: 60_000, message: "whether its server answers" }).toBe(false);
});
