// Over Redis: with a server of the demo's own, with one that runs, and where there is none.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { unlessPaused } from "@sluice/test-support";
import { startOwnServer } from "@sluice/transport-redis";
import { expect, test } from "vitest";
import { demo, freshFolder, leftIn, linesOf, run } from "./demo-process.js";

const hasServer = (() => {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env["SLUICE_REQUIRE_REDIS"]) throw new Error("Expected a redis-server: it is required");
    console.log("The demo is not tested over Redis here: there is no redis-server");
    return false;
  }
})();
const quick = ["--transport", "redis", "--produce-ms", "0", "--consume-ms", "0"];

test.skipIf(!hasServer)("with a server of its own, which leaves nothing behind", async () => {
  const folder = freshFolder();
  const { code, stdout, stderr } = await run(quick, { folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Buffer created with max size 5 (redis, memory only)");
  expect(linesOf(stdout).at(-1)).toBe("9 produced, 9 consumed, 0 remaining");
  expect(leftIn(folder)).toEqual([]);
});

test.skipIf(!hasServer)("a server of its own ends also where the demo is killed", async () => {
  const folder = freshFolder();
  const running = demo(["--transport", "redis", "--items", "1000"], { folder });
  await running.printed(/consumed/);
  const serversOf = () => {
    const found = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    return linesOf(found).filter((line) => line.includes("redis-server") && line.includes(folder));
  };
  const isThere = () => readFileSync("/proc/net/unix", "utf8").includes(folder);
  expect(isThere() || serversOf().length > 0).toBe(true);
  running.child.kill("SIGKILL");
  await running.ended;
  await expect.poll(isThere, { timeout: 60_000 }).toBe(false);
});

test.skipIf(!hasServer)(
  "in a server that runs, where it is kept, and taken up again; no password is told",
  async () => {
    const folder = freshFolder();
    const server = await startOwnServer(join(folder, "socket"));
    try {
      execFileSync("redis-cli", ["-s", join(folder, "socket"), "CONFIG", "SET", "requirepass", "secret"]);
      const place = `${server.url.replace("unix://", "unix://:secret@localhost")}#mine`;
      const first = demo(
        ["--transport", "redis", "--url", place, "--items", "40,30", "--consume-ms", "2000"],
        { folder },
      );
      await first.printed(/(?:^Consumer-\d consumed [\s\S]*){2}/m);
      first.child.kill("SIGINT");
      first.child.kill("SIGTERM");
      const { stdout, stderr } = await first.ended;
      expect(stdout).toContain(`The buffer is kept at ${server.url}#mine`);
      expect(stdout + stderr).not.toContain("secret");
      const again = await run([...quick, "--url", place, "--items", "40,30", "--resume"], { folder });
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(linesOf(again.stdout).at(-1)).toMatch(/ 0 remaining$/);
      const told = await run([...quick, "--url", place, "--json"], { folder });
      expect(JSON.parse(linesOf(told.stdout)[0] ?? "")).toMatchObject({
        url: expect.stringContaining("#mine"),
      });
      expect(told.stdout + told.stderr).not.toContain("secret");
      const missing = await run([...quick, "--url", place, "--resume"], { folder });
      expect(missing).toMatchObject({ code: 2, stdout: "" });
      expect(missing.stderr).toContain("There is no buffer to resume at this --url");
    } finally {
      await server.stop();
    }
  },
);

test.skipIf(!hasServer)("the item of a consumer that was killed comes back before the deadline", () =>
  // Which it has in hand for a second.
  unlessPaused(300, async () => {
    const alone = ["--producers", "1", "--items", "1", "--consumers", "1", "--consume-ms", "1000"];
    const running = demo(["--transport", "redis", ...alone], { folder: freshFolder() });
    const [, pid] = await running.printed(/^Consumer-1 started \(process (\d+)\)[\s\S]*took P1-1/m);
    process.kill(Number(pid), "SIGKILL");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("1 redelivered");
    expect(linesOf(stdout).at(-1)).toBe("1 produced, 1 consumed, 0 remaining");
  }),
);

test("a name that is not percent-encoded is wrong use", async () => {
  const { code, stderr } = await run([...quick, "--url", "redis://127.0.0.1:1#100%"], {
    folder: freshFolder(),
  });
  expect(code).toBe(2);
  expect(stderr).toContain("percent-encoded name");
});

test("where there is no server, it says in one line how to get one", async () => {
  const folder = freshFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["sh", "cat"])
    symlinkSync(execFileSync("which", [name], { encoding: "utf8" }).trim(), join(bin, name));
  const { code, stdout, stderr } = await run(quick, { folder, env: { PATH: bin } });
  expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
  expect(linesOf(stderr)).toHaveLength(1);
  expect(stderr).toContain("apt-get install redis-server");
});
