// What destroying leaves of a broker, and costs the process that had it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openBuffer } from "@sluice/core";
import { outcomeOf, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { Actor } from "./support/actor.js";
import { freshSocket, type MadeBuffer, madeBuffer } from "./support/buffers.js";
import { TcpProxy } from "./support/tcp-proxy.js";

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

/**
 * Has it destroyed by one client while another one waits that is stopped: for that one's answer the broker waits before it ends, half a
 * second. Resolves when a third one has been told.
 */
async function lastWords(
  { buffer, url }: MadeBuffer,
  ...[call, ...args]: ["take"] | ["put", unknown]
): Promise<{ readonly over: Promise<void> }> {
  const other = await openBuffer(zeromqTransport({ url }));
  const stopped = await Actor.at(url);
  stopped.begin(call, ...args);
  await until(() => stopped.waits === 1, "it waits");
  stopped.child.kill("SIGSTOP");
  const over = buffer.destroy();
  const told = async () => {
    for (;;) await other.counts();
  };
  await expect(told()).rejects.toMatchObject({ code: "BUFFER_DESTROYED" });
  return { over };
}

test("who comes while a broker says its last words is told that the buffer is gone", async () => {
  const made = await madeBuffer({ capacity: 5 });
  const { url } = made;
  const { over } = await lastWords(made, "take");
  const late = await Promise.allSettled(
    Array.from({ length: 4 }, () => openBuffer(zeromqTransport({ url }))),
  );
  expect(late).toEqual(
    late.map(() => ({ status: "rejected", reason: expect.objectContaining({ code: "BUFFER_NOT_FOUND" }) })),
  );
  await over;
});

test("who comes back while a broker says its last words is first answered what it had not heard: its put was accepted", async () => {
  const made = await madeBuffer({ capacity: 1 });
  await using proxy = await TcpProxy.start(made.port);
  const producer = await (await openBuffer(zeromqTransport({ url: proxy.url }))).producer();
  proxy.hold("broker");
  const put = outcomeOf(producer.put("one"), "the put", 60_000);
  await until(async () => (await made.buffer.counts()).produced === 1, "the put is accepted");
  const { over } = await lastWords(made, "put", "two");
  proxy.release("broker");
  proxy.cut();
  // Nobody could say on a machine that stood still meanwhile.
  expect([undefined, "OUTCOME_UNKNOWN"]).toContain(await put);
  await over;
});
