// What an operation costs: how many messages the server gets for it.

import { freePort } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const COUNT = 50;
/** Of what is asked now and then, whatever goes on: the time, a whole state. */
const SPARE = 5;

describe.skipIf(noServer)("messages to the server", () => {
  test("one for a put, a take, a lease, an ack, a batch of either; one more to be sure of full and empty; also for takes of several at once", async () => {
    const port = await freePort();
    const nats = await server(`http: "127.0.0.1:${port}"`);
    const received = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/varz`);
      return ((await answer.json()) as { in_msgs: number }).in_msgs;
    };
    const { buffer, another } = await made(nats.url, { capacity: COUNT });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    const costOf = async (count: number, operation: () => Promise<unknown>) => {
      const before = await received();
      for (let at = 0; at < count; at += 1) await operation();
      return (await received()) - before;
    };
    const many = Array.from({ length: COUNT }, (_, at) => `${at}`);
    const costs = {
      put: await costOf(COUNT, () => producer.put("one")),
      full: await costOf(1, () => producer.tryPut("two")),
      take: await costOf(COUNT, () => consumer.take()),
      empty: await costOf(1, () => consumer.tryTake()),
      putMany: await costOf(1, () => producer.putMany(many)),
      leaseAndAck: await costOf(COUNT, async () => {
        const lease = await consumer.lease();
        if (!lease.done) await lease.value.ack();
      }),
    };
    const other = await (await another()).consumer();
    await producer.putMany(many);
    const takeAtOnce = await costOf(COUNT / 2, () => Promise.all([consumer.take(), other.take()]));
    const all: Record<string, number> = { ...costs, takeAtOnce };
    const bounds = {
      ...{ put: COUNT, full: 1, take: COUNT, empty: 1, putMany: 1, leaseAndAck: 2 * COUNT },
      takeAtOnce: COUNT,
    };
    for (const [name, most] of Object.entries(bounds)) {
      const cost = all[name];
      expect(cost, `messages for ${name}`).toBeGreaterThanOrEqual(most);
      expect(cost, `messages for ${name}`).toBeLessThanOrEqual(most + SPARE);
    }
  });
});
