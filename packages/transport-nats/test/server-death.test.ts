// A server that is killed, and started again or not: nothing that it keeps is lost or twice, and nobody hangs.

import { outcomesOf, outcomesWithout, until } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const SECONDS_MS = 14_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

describe.skipIf(noServer)("a server is killed", () => {
  test("while everybody waits: they go on waiting, and are served", async () => {
    const nats = await server();
    const [empty, full] = [await made(nats.url, { capacity: 1 }), await made(nats.url, { capacity: 1 })];
    const taker = await empty.another();
    await (await full.buffer.producer()).put("first");
    const take = (await taker.consumer()).take();
    const put = (await full.buffer.producer()).put("second");
    await until(async () => (await taker.counts()).waitingConsumers === 1, "the take waits");
    await until(async () => (await full.buffer.counts()).waitingProducers === 1, "the put waits");
    await nats.kill();
    await nats.start();
    await (await empty.buffer.producer()).put("one");
    expect(await take).toEqual({ done: false, value: "one" });
    expect(await (await (await full.another()).consumer()).take()).toEqual({ done: false, value: "first" });
    await put;
  });

  test("for good: every call ends with its type within seconds, also those that come later", async () => {
    const nats = await server();
    const handles = await made(nats.url, { capacity: 2 });
    const { calls, close, destroy } = await outcomesWithout(nats, handles, SECONDS_MS);
    for (const [name, outcome] of Object.entries(calls)) expect(TYPED, name).toContain(outcome);
    expect(close).toBeUndefined();
    expect(TYPED).toContain(destroy);
  });

  test("stopped for longer than anybody waits: what was asked of it meanwhile is done once, or not at all", async () => {
    const nats = await server();
    const { buffer, another } = await made(nats.url, { capacity: 10 });
    const producer = await buffer.producer();
    await producer.putMany(["a", "b", "c"]);
    const other = await another();
    const consumer = await other.consumer();
    nats.signal("SIGSTOP");
    const calls = { put: producer.put("d", { timeoutMs: 3_500 }), take: consumer.take({ timeoutMs: 3_500 }) };
    const outcomes = await outcomesOf(calls, SECONDS_MS);
    for (const [name, outcome] of Object.entries(outcomes))
      expect([...TYPED, "WAIT_TIMED_OUT"], name).toContain(outcome);
    // It carries out what is in its connections, whose other ends are gone.
    nats.signal("SIGCONT");
    await buffer.seal();
    const got: string[] = [];
    for (let one = await consumer.take(); !one.done; one = await consumer.take()) got.push(one.value);
    expect(new Set(got).size).toBe(got.length);
    const { produced, consumed } = await buffer.counts();
    expect(consumed).toBe(produced);
    // The take that nobody knows of may have had one.
    expect(produced - got.length).toBeLessThanOrEqual(1);
  });
});
