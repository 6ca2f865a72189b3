// What destroying leaves of a broker, and costs the process that had it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openBuffer } from "@sluice/core";
import { expect, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { Actor } from "./support/actor.js";
import { freshSocket, madeBuffer } from "./support/buffers.js";

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

test("who comes while a broker says its last words is told that the buffer is gone", async () => {
  const { buffer, url } = await madeBuffer({ capacity: 5 });
  const other = await openBuffer(zeromqTransport({ url }));
  // For this one's answer the broker waits before it ends: half a second.
  const stopped = await Actor.at(url);
  stopped.call("take").catch(() => {});
  await expect
    .poll(() => stopped.waits, { timeout: 60_000, message: "how often it has begun to wait" })
    .toBe(1);
  stopped.child.kill("SIGSTOP");
  const destroyed = buffer.destroy();
  const told = async () => {
    for (;;) await other.counts();
  };
  await expect(told()).rejects.toMatchObject({ code: "BUFFER_DESTROYED" });
  const late = await Promise.allSettled(
    Array.from({ length: 4 }, () => openBuffer(zeromqTransport({ url }))),
  );
  expect(late).toEqual(
    late.map(() => ({ status: "rejected", reason: expect.objectContaining({ code: "BUFFER_NOT_FOUND" }) })),
  );
  await destroyed;
});
