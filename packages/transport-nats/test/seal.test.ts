// A seal is one commit: who is killed in the middle of it has sealed the buffer, or has not touched it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { outcomesOf, until } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const MODULE = fileURLToPath(new URL("support/sealer.mjs", import.meta.url));
const SECONDS_MS = 60_000;
const NAME = "to be sealed";

/** @param failpoint - at which it is. */
async function killedSealer(url: string, failpoint: string): Promise<void> {
  const child = spawn(process.execPath, [MODULE, url, NAME, failpoint], { stdio: "inherit" });
  const [code, signal] = await once(child, "exit");
  expect({ code, signal }, `the end of a sealer that is killed at ${failpoint}`).toEqual({
    code: null,
    signal: "SIGKILL",
  });
}

describe.skipIf(noServer)("a sealer is killed", () => {
  test("before its commit: all goes on, and another one seals", async () => {
    const nats = await server();
    const { buffer, another } = await made(nats.url, { capacity: 2 }, { name: NAME });
    const producer = await buffer.producer();
    await producer.put("a");
    await killedSealer(nats.url, "nats.before-commit");
    await producer.put("b");
    expect(await (await another()).seal()).toBe(true);
    expect(await buffer.counts()).toMatchObject({ ready: 2, sealed: true });
  });

  test("behind it, while a put waits for room: it is sealed for everyone", async () => {
    const nats = await server();
    const { buffer, another } = await made(nats.url, { capacity: 2 }, { name: NAME });
    const producer = await buffer.producer();
    await producer.putMany(["a", "b"]);
    const put = producer.put("c");
    put.catch(() => {});
    await until(async () => (await buffer.counts()).waitingProducers === 1, "the put waits");
    await killedSealer(nats.url, "nats.after-commit");
    const other = await another();
    const consumer = await other.consumer();
    const outcomes = await outcomesOf({ put, again: other.seal() }, SECONDS_MS);
    expect(outcomes).toEqual({ put: "BUFFER_SEALED", again: false });
    expect(await consumer.takeMany(3)).toEqual(["a", "b"]);
    expect(await consumer.take()).toEqual({ done: true });
  });
});
