// What a sweep meets: processes that have come to their end by themselves.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { killNow } from "../dist/processes.js";

// Beyond the largest that Linux gives.
const NOBODY = 2 ** 22 + 1;

test("a process is killed, and one that is gone is no fault", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  killNow(child.pid ?? NOBODY);
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  expect(() => killNow(NOBODY)).not.toThrow();
});
