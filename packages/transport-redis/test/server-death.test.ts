// A server that is killed, and started again or not: nothing that it keeps is lost or twice, and nobody hangs.

import { consume, insist, outcomesOf, outcomesWithout, sum, until } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const ITEMS = 300;
/** A request has 3 s, and core offers a put of unknown outcome again for 5. Several times that is as good as never. */
const SECONDS_MS = 40_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

describe.skipIf(noServer)("a server is killed", () => {
  test.each(["always", "everysec"])("and started again, with appendfsync %s: all goes on", async (sync) => {
    const redis = await server(["--appendfsync", sync]);
    const { buffer, another } = await made(redis.url, { capacity: 5, failuresMax: 1_000 });
    const consuming = [consume(await another()), consume(await another())];
    const producing = Promise.all([insist(await another(), "a", ITEMS), insist(await another(), "b", ITEMS)]);
    for (const share of [0.2, 0.5]) {
      await until(async () => (await buffer.counts()).consumed > ITEMS * 2 * share, "all are at work");
      await redis.kill();
      await redis.start();
    }
    const faults = (await producing).flat();
    await buffer.seal();
    const accounts = await Promise.all(consuming);
    for (const fault of [...faults, ...accounts.flatMap((account) => account.faults)])
      expect([...TYPED, "LEASE_LOST"]).toContain(fault);
    const { values, unsure } = sum(accounts);
    expect(new Set(values).size, "items that were finished twice").toBe(values.length);
    expect(ITEMS * 2 - values.length, "items that are missing").toBeLessThanOrEqual(unsure);
    expect(await buffer.counts()).toMatchObject({
      produced: ITEMS * 2,
      consumed: ITEMS * 2,
      leased: 0,
      dead: 0,
    });
  });

  test("while everybody waits: they go on waiting, and are served", async () => {
    const redis = await server();
    const { buffer, another } = await made(redis.url, { capacity: 1 }, { fallbackMs: 3_600_000 });
    const other = await another();
    const full = await made(redis.url, { capacity: 1 }, { fallbackMs: 3_600_000 });
    await (await full.buffer.producer()).put("first");
    const take = (await other.consumer()).take();
    const put = (await full.buffer.producer()).put("second");
    await until(async () => (await buffer.counts()).waitingConsumers === 1, "the take waits");
    await until(async () => (await full.buffer.counts()).waitingProducers === 1, "the put waits");
    await redis.kill();
    await redis.start();
    await (await buffer.producer()).put("one");
    expect(await take).toEqual({ done: false, value: "one" });
    expect(await (await full.buffer.consumer()).take()).toEqual({ done: false, value: "first" });
    await put;
  });

  test("for good: every call ends with its type within seconds, also those that come later", async () => {
    const redis = await server();
    const handles = await made(redis.url, { capacity: 2 });
    const { calls, close, destroy } = await outcomesWithout(redis, handles, SECONDS_MS);
    for (const [name, outcome] of Object.entries(calls)) expect(TYPED, name).toContain(outcome);
    expect(close).toBeUndefined();
    expect(TYPED).toContain(destroy);
  });

  test("and comes back without what was in it: everybody is told that the buffer is gone", async () => {
    const redis = await server(["--appendonly", "no"]);
    const { buffer } = await made(redis.url, { capacity: 2 });
    expect(buffer.capabilities.survives).toEqual(["participant"]);
    const consumer = await buffer.consumer();
    // Heard from the beginning: it may be told before this process has seen that the server is there.
    const told = expect(consumer.take()).rejects.toMatchObject({ code: "BUFFER_DESTROYED" });
    await until(async () => (await buffer.counts()).waitingConsumers === 1, "the take waits");
    await redis.kill();
    await redis.start();
    await told;
    await expect(buffer.counts()).rejects.toMatchObject({ code: "BUFFER_DESTROYED" });
  });

  test("stopped for longer than anybody waits: what was asked of it meanwhile is not lost, and not done twice", async () => {
    const redis = await server();
    const { buffer, another } = await made(redis.url, { capacity: 10 });
    const producer = await buffer.producer();
    await producer.putMany(["a", "b", "c", "d", "e"]);
    const [plain, leasing] = [await (await another()).consumer(), await (await another()).consumer()];
    await (await another()).counts();
    await redis.pause();
    const calls = {
      take: plain.take(),
      lease: leasing.lease({ leaseMs: 60_000 }),
      put: producer.put("f", { timeoutMs: 3_500 }),
    };
    const outcomes = await outcomesOf(calls, SECONDS_MS);
    for (const [name, outcome] of Object.entries(outcomes)) expect(TYPED, name).toContain(outcome);
    // It carries out what is in its connections, whose other ends are gone, and hears the same again on new ones.
    redis.signal("SIGCONT");
    await buffer.seal();
    const got: string[] = [];
    const finish = async (take: () => Promise<readonly string[]>) => {
      for (let some = await take(); some.length > 0; some = await take()) got.push(...some);
    };
    await Promise.all([
      finish(() => plain.takeMany(3)),
      finish(async () => {
        const leases = await leasing.leaseMany(3, { leaseMs: 60_000 });
        await Promise.all(leases.map((lease) => lease.ack()));
        return leases.map(({ value }) => value);
      }),
    ]);
    const { produced, consumed } = await buffer.counts();
    expect(consumed).toBe(produced);
    // Whether the put was in time nobody knew; the others are all there, once.
    expect(got.sort()).toEqual(["a", "b", "c", "d", "e", "f"].slice(0, produced));
  });
});
