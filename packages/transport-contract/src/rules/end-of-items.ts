/** SEAL, then the end: not before everything has come out, and nothing is leased. */

import { equal, rejects } from "../kit/expect.js";
import { getsTheEnd, leaseOne, put } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const endRules: readonly Rule[] = [
  rule(
    "SEAL-8 holds the end back while leases are open; the last settlement wakes all who wait",
    async (t) => {
      const stage = await t.stage({ capacity: 3 });
      await put(await stage.buffer.producer(), [1, 2]);
      const consumer = await stage.buffer.consumer();
      const [one, two] = [await leaseOne(consumer, t), await leaseOne(consumer, t)];
      await stage.buffer.seal();
      const takes = [
        (await (await stage.another()).consumer()).take(),
        (await (await stage.another()).consumer()).take(),
      ];
      const drained = (await stage.another()).drained();
      const waiters = [...takes, drained];
      await t.staysPending(Promise.race(waiters), "takes and drained(), with two leases open");
      await one.ack();
      await t.staysPending(Promise.race(waiters), "takes and drained(), with one lease open");
      await two.ack();
      for (const take of takes) await getsTheEnd(take, t, "a take, with all leases settled");
      await t.soon(drained, "drained(), with all leases settled");
    },
  ),

  rule("SEAL-9 takes back what was handed out before it: a returned item comes again", async (t) => {
    const stage = await t.stage({ capacity: 3 });
    await put(await stage.buffer.producer(), ["a", "b", "c"]);
    const consumer = await stage.buffer.consumer();
    const leases = [await leaseOne(consumer, t), await leaseOne(consumer, t), await leaseOne(consumer, t)];
    await stage.buffer.seal();
    const other = await (await stage.another()).consumer();
    const take = other.take();
    await t.staysPending(take, "a take, with all items leased");
    await leases[0]?.nack({ reason: "again" });
    equal(await t.soon(take, "the take, after a nack"), { done: false, value: "a" }, "what it got");
    await leases[1]?.release();
    equal(await t.soon(other.take(), "a take, after a release"), { done: false, value: "b" }, "what it got");
    // The third is never settled: its lease runs out, but not before the others have been looked at, however slow that is.
    await leases[2]?.extend(t.timing.leaseMs);
    equal(await t.soon(other.take(), "a take, after an expiry"), { done: false, value: "c" }, "what it got");
    await getsTheEnd(other.take(), t, "the last take, after three items");
  }),

  rule("SEAL-12 lets drained() resolve when sealed and nothing is ready or leased, not before", async (t) => {
    const stage = await t.stage({ capacity: 3, deadLettersMax: 0 });
    const producer = await stage.buffer.producer();
    const consumer = await stage.buffer.consumer();
    const drained = (await stage.another()).drained();
    await t.staysPending(drained, "drained() of an empty buffer that is not sealed");
    await put(producer, ["parked", "ready"]);
    await (await leaseOne(consumer, t)).bury("bad");
    await stage.buffer.seal();
    await t.staysPending(drained, "drained() with an item ready");
    const short = stage.buffer.drained({ timeoutMs: 20 });
    await rejects(t.soon(short, "drained() with 20 ms"), "WAIT_TIMED_OUT", "drained() with 20 ms");
    const take = await t.soon(consumer.take(), "the take of the last item");
    equal(take, { done: false, value: "ready" }, "the last item");
    // A parked item is nobody's work: it does not hold the end back.
    await t.soon(drained, "drained() with only a parked item left");
    await t.soon(stage.buffer.drained(), "drained() once more");
    await getsTheEnd(consumer.take(), t, "a take with only a parked item left");
  }),

  rule("SEAL-13 ends an iteration normally; one that is left early takes nothing more", async (t) => {
    const stage = await t.stage({ capacity: 5 });
    await put(await stage.buffer.producer(), [1, 2, 3, 4]);
    const consumer = await stage.buffer.consumer();
    for await (const value of consumer) if (value === 2) break;
    equal(
      (await stage.buffer.counts()).ready,
      2,
      "the number of items ready after leaving the loop at the second",
    );
    await stage.buffer.seal();
    const rest: unknown[] = [];
    for await (const value of await (await stage.another()).consumer()) rest.push(value);
    equal(rest, [3, 4], "what a second loop got");
  }),
];
