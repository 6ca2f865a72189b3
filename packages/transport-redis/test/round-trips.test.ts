// How often the server is asked: the README's figures.

import { until } from "@sluice/test-support";
import { expect, test } from "vitest";
import type { RedisServer } from "./support/redis-server.mjs";
import { asked as askedByScripts } from "./support/scripts.js";
import { made, noServer, server } from "./support/servers.js";

/** Calls of clients since the last reset: commands within scripts are counted by the server too, but none of these. */
async function asked(redis: RedisServer): Promise<Record<string, number>> {
  const info = await redis.command("INFO", "COMMANDSTATS");
  const calls: Record<string, number> = {};
  for (const [, name = "", count] of info.matchAll(/cmdstat_(evalsha|blpop|wait):calls=(\d+)/g))
    calls[name] = Number(count);
  return calls;
}

test.skipIf(noServer)("a put, a take, a lease and an ack are one each; so is a batch", async () => {
  const redis = await server();
  const { buffer } = await made(redis.url, { capacity: 200 });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  await producer.put("to load the scripts");
  await (await consumer.leaseMany(1))[0]?.ack();
  await redis.command("CONFIG", "RESETSTAT");
  const steps: [string, () => Promise<unknown>][] = [
    ["put", () => producer.put("a")],
    ["take", () => consumer.take()],
    ["putMany of 100", () => producer.putMany(Array<string>(100).fill("b"))],
    ["takeMany of 50", () => consumer.takeMany(50)],
  ];
  for (const [name, step] of steps) {
    await step();
    expect(await asked(redis), name).toEqual({ evalsha: 1 });
    await redis.command("CONFIG", "RESETSTAT");
  }
  const leases = await consumer.leaseMany(50);
  expect(await asked(redis), "leaseMany").toEqual({ evalsha: 1 });
  await Promise.all(leases.map((lease) => lease.ack()));
  expect(await asked(redis), "50 acks in one turn").toEqual({ evalsha: 2 });
});

test.skipIf(noServer)("a wait is one more try and one blocking call, however long it is", async () => {
  const redis = await server();
  const { buffer, another } = await made(redis.url, { capacity: 1 });
  const other = await another();
  const [producer, consumer] = [await buffer.producer(), await other.consumer()];
  await producer.put("a");
  await consumer.take();
  const take = consumer.take();
  await until(async () => (await buffer.counts()).waitingConsumers === 1, "the take waits");
  await redis.command("CONFIG", "RESETSTAT");
  await producer.put("b");
  await take;
  // The put, and the second try of the take; the blocking call was under way.
  const { evalsha = 0, blpop = 0 } = await asked(redis);
  expect({ evalsha, blpop: blpop <= 1 }).toEqual({ evalsha: 2, blpop: true });
});

test.skipIf(noServer)(
  "an item is kept for who was woken once, and his next take is as short as any",
  async () => {
    const { keys, link, ask } = await askedByScripts();
    expect(await ask("enter", keys.all, "h.1")).toEqual([0]);
    const poll = (request: number, waitMs: number) =>
      ask("poll", keys.poll.plain, "h.1", request, 1, 0, waitMs);
    const put = (n: number, item: string) =>
      ask("put", keys.put.named, "np", `h.2:${n - 1}`, `h.2:${n}`, 0, `\0\0${item}`);
    expect(await ask("register", keys.all, "np", "h.2")).toEqual([0, 0]);
    expect(await poll(1, 60_000)).toEqual([2, 3_000]);
    expect(await put(1, "a")).toBe(0);
    const [token] = await link.commands<Buffer>(["LPOP", keys.tokens.item]);
    expect(String(token)).toBe("1");
    // The second comes while he is on his way.
    expect(await put(2, "b")).toBe(0);
    expect(await poll(1, -60_000)).toContain("\0\0a");
    expect(await poll(2, 60_000)).toContain("\0\0b");
  },
);
