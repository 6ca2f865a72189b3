// A server that is killed for good, or stopped for longer than anybody waits: every call ends with its type.

import { outcomesOf, outcomesWithout } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "../support/servers.js";

const SECONDS_MS = 50_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

describe.skipIf(noServer)("a server is gone", () => {
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
    await nats.pause();
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
