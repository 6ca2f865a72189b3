// A server at its memory limit, and servers that would throw keys away.

import { createBuffer, isBufferError } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { redisTransport } from "../dist/index.js";
import { made, noServer, server } from "./support/servers.js";

describe.skipIf(noServer)("memory", () => {
  test("puts are refused at the limit; take, lease, ack, nack, seal and what waits go on, and then there is room", async () => {
    const redis = await server(["--maxmemory", "8mb"]);
    const { buffer } = await made(redis.url, { capacity: 10_000, failuresMax: 2 });
    const producer = await buffer.producer();
    const item = "x".repeat(60_000);
    let accepted = 0;
    const refused = await (async () => {
      for (;;) {
        await producer.put(item);
        accepted += 1;
      }
    })().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STORAGE_FULL", effect: "none" });
    expect(accepted).toBeGreaterThan(10);
    expect(await buffer.counts()).toMatchObject({ produced: accepted, ready: accepted });
    const consumer = await buffer.consumer();
    const [first, second] = await consumer.leaseMany(2);
    await first?.ack();
    await second?.nack();
    // It fails again, and becomes a dead letter.
    await (await consumer.leaseMany(1))[0]?.nack();
    expect(await buffer.counts()).toMatchObject({ ready: accepted - 2, dead: 1 });
    expect((await consumer.takeMany(40)).length).toBeGreaterThan(10);
    // The answer to that was kept until now.
    await consumer.take();
    // The same producer goes on.
    await producer.put(item);
    await buffer.seal();
    let taken = 0;
    for await (const value of consumer) taken += value.length > 0 ? 1 : 0;
    expect(taken).toBeGreaterThan(0);
    const { produced, consumed, dead } = await buffer.counts();
    expect(produced).toBe(consumed + dead);
    await buffer.destroy();
  });

  test.each(["allkeys-lru", "volatile-ttl"])(
    "a server that evicts keys (%s) is refused, by create and by open",
    async (policy) => {
      const redis = await server();
      const transport = redisTransport({ url: redis.url, name: "evicted" });
      const buffer = await createBuffer(transport, { capacity: 1 });
      await redis.command("CONFIG", "SET", "maxmemory-policy", policy);
      const other = redisTransport({ url: redis.url, name: "other" });
      for (const attempt of [() => transport.open(), () => createBuffer(other, { capacity: 1 })]) {
        const error = await attempt().catch((reason: unknown) => reason);
        expect(isBufferError(error, "CAPABILITY_MISSING"), String(error)).toBe(true);
        expect(String(error)).toContain(policy);
      }
      await buffer.destroy();
    },
  );

  test("says what it outlives as the server is set", async () => {
    const redis = await server(["--appendfsync", "everysec"]);
    const transport = redisTransport({ url: redis.url, name: "claims" });
    await expect(createBuffer(transport, { capacity: 1, durability: "fsync" })).rejects.toMatchObject({
      code: "CAPABILITY_MISSING",
    });
    const buffer = await createBuffer(transport, { capacity: 1 });
    expect(buffer.capabilities.survives).toEqual(["participant", "authority"]);
    await redis.command("CONFIG", "SET", "appendfsync", "always");
    const port = await transport.open();
    expect(port.capabilities.survives).toEqual(["participant", "authority", "power-loss"]);
    await port.close();
    await buffer.destroy();
  });
});
