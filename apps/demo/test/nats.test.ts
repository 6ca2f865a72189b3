// Over NATS: with a server of the demo's own, with one that runs, and where there is none.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { startOwnServer } from "@sluice/transport-nats";
import { expect, test } from "vitest";
import { freshFolder, leftIn, linesOf, run } from "./demo-process.js";

const program = process.env["SLUICE_NATS_SERVER"] ?? "nats-server";
const hasServer = (() => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env["SLUICE_REQUIRE_NATS"]) throw new Error(`Expected a ${program}: it is required`);
    console.log(`The demo is not tested over NATS here: there is no ${program}`);
    return false;
  }
})();
const quick = ["--transport", "nats", "--produce-ms", "0", "--consume-ms", "0"];

test.skipIf(!hasServer)("with a server of its own, which leaves nothing behind", async () => {
  const folder = freshFolder();
  const { code, stdout, stderr } = await run(quick, { folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Buffer created with max size 5 (nats, in a server of its own)");
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(leftIn(folder)).toEqual([]);
});

test.skipIf(!hasServer)("in a server that runs; no password is told", async () => {
  const folder = freshFolder();
  const server = await startOwnServer(join(folder, "server"));
  try {
    const { code, stdout, stderr } = await run([...quick, "--url", `${server.url}#mine`], { folder });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("(nats, in its server)");
    expect(linesOf(stdout).at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
    expect(stdout + stderr).not.toContain(new URL(server.url).password);
  } finally {
    await server.stop();
  }
});

test("where there is no server, it says in one line how to get one", async () => {
  const folder = freshFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["sh", "cat"])
    symlinkSync(execFileSync("which", [name], { encoding: "utf8" }).trim(), join(bin, name));
  const { code, stdout, stderr } = await run(quick, {
    folder,
    env: { PATH: bin, SLUICE_NATS_SERVER: "nats-server" },
  });
  expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
  expect(linesOf(stderr)).toHaveLength(1);
  expect(stderr).toContain("apt-get install nats-server");
});
