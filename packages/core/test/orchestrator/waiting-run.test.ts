// A run in which everybody waits.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";

test("a run whose workers, in its own process, all wait goes on until it is stopped", async () => {
  const parent = spawn(process.execPath, [new URL("./waiting-parent.mjs", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const exited = once(parent, "exit");
  await once(parent.stdout, "data");
  parent.kill("SIGTERM");
  expect(await exited).toEqual([143, null]);
});
