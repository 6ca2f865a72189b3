// What an operation costs: how many messages the server gets for it.

import { freePort, until } from "@sluice/test-support";
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
    const costOf = async (
      name: string,
      messages: number,
      count: number,
      operation: () => Promise<unknown>,
    ) => {
      const before = await received();
      for (let at = 0; at < count; at += 1) await operation();
      // The server counts what it has read when it is through with all of it, which may be after the answer.
      const isThere = async () => (await received()) - before >= messages;
      await until(isThere, `the server counts ${messages} messages for ${name}`);
      expect((await received()) - before, `messages for ${name}`).toBeLessThanOrEqual(messages + SPARE);
    };
    const many = Array.from({ length: COUNT }, (_, at) => `${at}`);
    await costOf("put", COUNT, COUNT, () => producer.put("one"));
    await costOf("full", 1, 1, () => producer.tryPut("two"));
    await costOf("take", COUNT, COUNT, () => consumer.take());
    await costOf("empty", 1, 1, () => consumer.tryTake());
    await costOf("putMany", 1, 1, () => producer.putMany(many));
    await costOf("leaseAndAck", 2 * COUNT, COUNT, async () => {
      const lease = await consumer.lease();
      if (!lease.done) await lease.value.ack();
    });
    const other = await (await another()).consumer();
    await producer.putMany(many);
    await costOf("takeAtOnce", COUNT, COUNT / 2, () => Promise.all([consumer.take(), other.take()]));
  });
});
