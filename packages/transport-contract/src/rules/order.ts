/** ORDER: first deliveries follow the order of commits; what comes back stands where it stood. */

import { equal, isTrue } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const orderRules: readonly Rule[] = [
  rule("ORDER-1 hands out in the order of the commits, whoever put", async (t) => {
    const stage = await t.stage({ capacity: 12 });
    const buffers = [stage.buffer, await stage.another(), await stage.another()];
    const producers = await Promise.all(buffers.map((buffer) => buffer.producer()));
    // Each put returns before the next is called, so the order of commits is this one.
    const values = Array.from({ length: 12 }, (_, i) => i);
    for (const value of values) await t.random.pick(producers).put(value);
    equal(await takeAll(await stage.another(), 12, t), values, "what came out");
  }),

  rule("ORDER-2 keeps each producer's own order through several consumers", async (t) => {
    const stage = await t.stage({ capacity: 4 });
    const perProducer = 60;
    const produce = async (name: string) => {
      const producer = await (await stage.another()).producer();
      for (let n = 1; n <= perProducer; n++) await producer.put({ name, n });
    };
    const taken: { at: number; name: string; n: number }[] = [];
    let at = 0;
    const consume = async () => {
      const consumer = await (await stage.another()).consumer();
      const last = new Map<string, number>();
      for await (const value of consumer) {
        const { name, n } = value as { name: string; n: number };
        taken.push({ at: at++, name, n });
        const before = last.get(name) ?? 0;
        isTrue(n > before, `Expected a consumer to see ${name}'s items in order, ${n} came after ${before}`);
        last.set(name, n);
      }
    };
    const consumers = [consume(), consume(), consume()];
    await t.soon(Promise.all(["a", "b", "c"].map(produce)), "the producers");
    await stage.buffer.seal();
    await t.soon(Promise.all(consumers), "the consumers");
    equal(taken.length, 3 * perProducer, "the number of items taken");
  }),

  rule("ORDER-3 honours concurrent calls on one handle in the order of the calls", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const producer = await stage.buffer.producer();
    const consumer = await (await stage.another()).consumer();
    const values = Array.from({ length: 20 }, (_, i) => i);
    const puts = values.map((value) => producer.put(value));
    const order: number[] = [];
    puts.forEach(
      (call, i) =>
        void call.then(
          () => order.push(i),
          () => {},
        ),
    );
    const takes = values.map(() => consumer.take());
    const taken = await t.soon(Promise.all(takes), "20 takes called at once");
    await t.soon(Promise.all(puts), "20 puts called at once");
    equal(
      taken.map((got) => (got.done ? "end" : got.value)),
      values,
      "what the takes got, in the order of their calls",
    );
    equal(order, values, "the order in which the puts resolved");
  }),

  rule(
    "ORDER-4 gives an item that comes back its place among the others",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 6, failuresMax: 100 });
      const producer = await buffer.producer();
      const consumer = await buffer.consumer();
      await put(producer, [1, 2, 3, 4]);
      const first = await leaseOne(consumer, t);
      const second = await leaseOne(consumer, t);
      const third = await leaseOne(consumer, t);
      // In another order than they were put.
      await third.release();
      await first.nack({ reason: "again" });
      await second.release();
      await put(producer, [5]);
      equal(
        await takeAll(buffer, 5, t),
        [1, 2, 3, 4, 5],
        "what came out after 3, 1 and 2 had been given back",
      );
    },
    {
      needs: ({ returned }) =>
        returned === "in-place" ? undefined : "returned items stand where its medium puts them",
    },
  ),

  rule("ORDER-5 hands out neighbours in one takeMany or leaseMany, in order", async (t) => {
    const { buffer } = await t.stage({ capacity: 10 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, [1, 2, 3, 4, 5, 6, 7]);
    equal(await t.soon(consumer.takeMany(3), "takeMany of 3"), [1, 2, 3], "takeMany of 3");
    const leases = await t.soon(consumer.leaseMany(2), "leaseMany of 2");
    equal(
      leases.map((lease) => lease.value),
      [4, 5],
      "leaseMany of 2",
    );
    equal(
      await t.soon(consumer.takeMany(10), "takeMany of 10 with 2 there"),
      [6, 7],
      "takeMany of 10 with 2 there",
    );
    for (const lease of leases) await lease.ack();
  }),

  rule("ORDER-6 serves waiting puts of one handle first come, first served", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const producer = await stage.buffer.producer();
    await put(producer, [0]);
    const order: number[] = [];
    const puts = [1, 2, 3, 4].map((value) => producer.put(value).then(() => void order.push(value)));
    await t.pause();
    equal(await takeAll(await stage.another(), 5, t), [0, 1, 2, 3, 4], "what came out");
    await t.soon(Promise.all(puts), "the waiting puts");
    equal(order, [1, 2, 3, 4], "the order in which the waiting puts resolved");
  }),
];
