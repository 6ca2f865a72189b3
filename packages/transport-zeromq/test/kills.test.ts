// Clients killed in every state they can be in. Which state that is, a proxy sees to: it holds back what the client may not have
// sent or heard yet. Then the account: nothing lost but what a plain take had confirmed, nothing twice, no slot lost.

import type { BoundedBuffer } from "@sluice/core";
import { unlessPaused, until } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { Actor } from "./support/actor.js";
import { hasRoom, madeBuffer } from "./support/buffers.js";
import { TcpProxy } from "./support/tcp-proxy.js";

const CAPACITY = 3;
/** A connection that ends tells at once; over tcp its client has a second to come back. Without an end a broker waits for 4 s. */
const PROMPT_MS = 3_000;
/** For which this machine may stand still and a lease be back all the same. */
const PAUSE_MS_MAX = 500;

/** Takes all there is, and sees that as much goes in again as the capacity says, and no more. */
async function expectAll(buffer: BoundedBuffer<unknown>, values: readonly unknown[]): Promise<void> {
  const consumer = await buffer.consumer();
  const producer = await buffer.producer();
  await until(async () => (await buffer.counts()).ready === values.length, `${values.length} are ready`);
  const taken: unknown[] = [];
  for (let one = await consumer.tryTake(); one !== "empty" && !one.done; one = await consumer.tryTake())
    taken.push(one.value);
  expect(taken).toEqual(values);
  const answers: string[] = [];
  for (let n = 0; n <= CAPACITY; n++) answers.push(await producer.tryPut(n));
  expect(answers).toEqual([...Array(CAPACITY).fill("accepted"), "full"]);
  expect(await buffer.counts()).toMatchObject({
    ready: CAPACITY,
    leased: 0,
    peak: CAPACITY,
    waitingProducers: 0,
    waitingConsumers: 0,
  });
}

/** A client whose bytes go through a proxy. */
async function proxied(port: number) {
  const proxy = await TcpProxy.start(port);
  const victim = await Actor.at(proxy.url);
  return { proxy, victim, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

describe("a producer is killed", () => {
  test("while it does nothing: what it put is there", async () => {
    const { buffer, url } = await madeBuffer({ over: "ipc", capacity: CAPACITY });
    const victim = await Actor.at(url);
    await victim.call("put", "one");
    await victim.kill();
    await expectAll(buffer, ["one"]);
  });

  test("while its put waits: it is not in, and the next in line is", async () => {
    const { buffer, url } = await madeBuffer({ over: "ipc", capacity: CAPACITY });
    const [victim, other] = await Promise.all([Actor.at(url), Actor.at(url)]);
    await other.call("putMany", ["one", "two", "three"]);
    victim.begin("put", "never");
    await until(() => victim.waits === 1, "the first waits");
    const put = other.call("put", "four");
    await until(() => other.waits === 1, "the second waits");
    await victim.kill();
    await until(async () => (await buffer.counts()).waitingProducers === 1, "one waits");
    const consumer = await buffer.consumer();
    expect(await consumer.take()).toEqual({ done: false, value: "one" });
    await put;
    await expectAll(buffer, ["two", "three", "four"]);
  });

  test("in the middle of a batch: what was in is in, in order", async () => {
    const { buffer, url } = await madeBuffer({ over: "ipc", capacity: CAPACITY });
    const victim = await Actor.at(url);
    victim.begin("putMany", ["one", "two", "three", "four", "five"]);
    await until(() => victim.waits === 1, "it waits with the rest");
    await victim.kill();
    await until(async () => (await buffer.counts()).waitingProducers === 0, "nobody waits");
    await expectAll(buffer, ["one", "two", "three"]);
  });

  test("before it hears that its put was accepted: it is in, once", async () => {
    const { buffer, port } = await madeBuffer({ capacity: CAPACITY });
    await using client = await proxied(port);
    client.proxy.hold("broker");
    client.victim.begin("put", "one");
    await until(async () => (await buffer.counts()).produced === 1, "the put is accepted");
    await client.victim.kill();
    await expectAll(buffer, ["one"]);
    expect((await buffer.counts()).produced).toBe(1 + CAPACITY);
  });
});

describe("a consumer is killed", () => {
  test("while its take waits: the next in line gets the item", async () => {
    const { buffer, url } = await madeBuffer({ over: "ipc", capacity: CAPACITY });
    const [victim, other] = await Promise.all([Actor.at(url), Actor.at(url)]);
    victim.begin("take");
    await until(() => victim.waits === 1, "the first waits");
    const take = other.call("take");
    await until(() => other.waits === 1, "the second waits");
    await victim.kill();
    await until(async () => (await buffer.counts()).waitingConsumers === 1, "one waits");
    await (await buffer.producer()).put("one");
    expect(await take).toBe("one");
    await expectAll(buffer, []);
  });

  test.each([
    ["a take", "take", []],
    ["a batch", "takeMany", [CAPACITY]],
  ])("with %s that was handed out and not confirmed: all is back at its place", async (_what, call, args) => {
    const { buffer, port } = await madeBuffer({ capacity: CAPACITY });
    await using client = await proxied(port);
    client.victim.begin(call, ...args);
    await until(() => client.victim.waits === 1, "it waits");
    client.proxy.hold("client");
    const producer = await buffer.producer();
    await producer.putMany(["one", "two", "three"]);
    await until(() => client.proxy.held.client > 0, "the confirmation is on its way");
    expect(await buffer.counts()).toMatchObject({ leased: call === "take" ? 1 : CAPACITY, consumed: 0 });
    await client.victim.kill();
    await expectAll(buffer, ["one", "two", "three"]);
  });

  test("between its confirmation and the answer: that one item is gone, and no other", async () => {
    const { buffer, port } = await madeBuffer({ capacity: CAPACITY });
    await using client = await proxied(port);
    client.proxy.holdBehind("the first");
    client.victim.begin("take");
    const producer = await buffer.producer();
    await producer.put("the first");
    await until(async () => (await buffer.counts()).consumed === 1, "the take is confirmed");
    await producer.put("the second");
    await client.victim.kill();
    await expectAll(buffer, ["the second"]);
  });

  test.each(["ipc", "tcp"] as const)(
    "with leases, over %s: they are back promptly, one failure each",
    (over) =>
      unlessPaused(PAUSE_MS_MAX, async () => {
        const { buffer, url } = await madeBuffer({ over, capacity: CAPACITY });
        const [victim, other] = await Promise.all([Actor.at(url), Actor.at(url)]);
        const producer = await buffer.producer();
        await producer.putMany(["one", "two", "three"]);
        expect(await victim.call("lease")).toEqual({ value: "one", deliveries: 1, failures: 0 });
        expect(await victim.call("leaseMany", 2)).toHaveLength(2);
        const next = other.call("lease");
        await until(() => other.waits === 1, "the other waits");
        const before = performance.now();
        await victim.kill();
        expect(await next).toEqual({ value: "one", deliveries: 2, failures: 1 });
        expect(performance.now() - before).toBeLessThan(PROMPT_MS);
        await other.kill();
        await expectAll(buffer, ["one", "two", "three"]);
      }),
  );

  test("before it hears of its lease: that is back promptly too", async () => {
    const { buffer, port } = await madeBuffer({ capacity: CAPACITY });
    await using client = await proxied(port);
    client.proxy.hold("broker");
    await (await buffer.producer()).put("one");
    client.victim.begin("lease");
    await until(async () => (await buffer.counts()).leased === 1, "it is leased");
    await client.victim.kill();
    await expectAll(buffer, ["one"]);
  });
});

describe("a client is killed", () => {
  test("while it opens, five times: the next one opens all the same", async () => {
    const { buffer, port, url } = await madeBuffer({ capacity: CAPACITY, limits: { clients: 3 } });
    for (let n = 0; n < 5; n++) {
      await until(() => hasRoom(url), "the places of those who died are free");
      await using proxy = await TcpProxy.start(port);
      proxy.holdFrom("bufferId");
      const victim = await Actor.start();
      victim.begin("open", proxy.url);
      await until(() => proxy.held.broker > 0, "the broker has answered it");
      await victim.kill();
    }
    await until(() => hasRoom(url), "the place of the last who died is free");
    const other = await Actor.at(url);
    await other.call("put", "one");
    await expectAll(buffer, ["one"]);
  });

  test.each(["client", "broker"] as const)(
    "while it closes, what the %s said being on its way: its lease is back",
    async (side) => {
      const { buffer, port } = await madeBuffer({ capacity: CAPACITY });
      await using client = await proxied(port);
      await (await buffer.producer()).put("one");
      await client.victim.call("lease");
      client.proxy.hold(side);
      client.victim.begin("close");
      await until(() => client.proxy.held[side] > 0, `what the ${side} said is held back`);
      await client.victim.kill();
      await expectAll(buffer, ["one"]);
    },
  );
});
