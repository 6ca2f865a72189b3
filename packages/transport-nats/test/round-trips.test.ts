// What an operation costs: how many messages the server gets for it.

import { freePort } from "@sluice/test-support";
import { describe, expect, test } from "vitest";
import { made, noServer, server } from "./support/servers.js";

const COUNT = 50;
/** Of what is asked now and then, whatever goes on: the time, a whole state. */
const SPARE = 5;

describe.skipIf(noServer)("messages to the server", () => {
  test("one for a put, a take, a lease, an ack, a batch of either; one more to be sure of full and empty", async () => {
    const port = await freePort();
    const nats = await server(`http: "127.0.0.1:${port}"`);
    const received = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/varz`);
      return ((await answer.json()) as { in_msgs: number }).in_msgs;
    };
    const { buffer } = await made(nats.url, { capacity: COUNT });
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
    const bounds = { put: COUNT, full: 1, take: COUNT, empty: 1, putMany: 1, leaseAndAck: 2 * COUNT };
    for (const [name, most] of Object.entries(bounds)) {
      const cost = costs[name as keyof typeof costs];
      expect(cost, `messages for ${name}`).toBeGreaterThanOrEqual(most);
      expect(cost, `messages for ${name}`).toBeLessThanOrEqual(most + SPARE);
    }
  });
});
