// What destroying leaves of a broker, and costs the process that had it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { freshSocket } from "./support/buffers.js";

test("a process that destroyed its buffer exits without waiting for the broker's thread", () => {
  const script = fileURLToPath(new URL("./support/destroy-and-exit.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, freshSocket()], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  // None at all where the thread was gone by then.
  expect(JSON.parse(stdout)).not.toContain("timed-out");
});
