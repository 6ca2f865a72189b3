/** SEAL: no more puts, for everyone, for ever; what is inside still comes out, or is discarded where that was asked for. */

import { isBufferError } from "@sluice/core";
import { equal, rejects } from "../kit/expect.js";
import { getsTheEnd, leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const sealRules: readonly Rule[] = [
  rule(
    "SEAL-1 lets what is inside out, in order, then tells every consumer the end, again and again",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      await put(await stage.buffer.producer(), [1, 2, 3]);
      equal(await stage.buffer.seal(), true, "what the seal resolved with");
      equal(await takeAll(await stage.another(), 3, t), [1, 2, 3], "what came out after the seal");
      for (const buffer of [stage.buffer, await stage.another()]) {
        const consumer = await buffer.consumer();
        for (let i = 0; i < 2; i++) await getsTheEnd(consumer.take(), t, "a take at the end");
        await getsTheEnd(consumer.lease(), t, "a lease at the end");
        equal(await t.soon(consumer.takeMany(3), "takeMany at the end"), [], "takeMany at the end");
        equal(
          (await t.soon(consumer.leaseMany(3), "leaseMany at the end")).length,
          0,
          "leaseMany at the end",
        );
      }
    },
  ),

  rule("SEAL-2 refuses every put afterwards as sealed, also while full, and enqueues nothing", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const other = await (await stage.another()).producer();
    const producer = await stage.buffer.producer();
    await put(producer, ["a"]);
    for (const isFull of [false, true]) {
      if (isFull) {
        const full = await t.stage({ capacity: 1 });
        const late = await full.buffer.producer();
        await put(late, ["a"]);
        await full.buffer.seal();
        await rejects(t.soon(late.put("b"), "a put"), "BUFFER_SEALED", "a put into a full, sealed buffer");
        equal(await late.tryPut("b"), "sealed", "tryPut into a full, sealed buffer");
        continue;
      }
      await stage.buffer.seal();
      for (const late of [producer, other]) {
        await rejects(t.soon(late.put("b"), "a put"), "BUFFER_SEALED", "put after the seal");
        await rejects(
          t.soon(late.putMany(["b", "c"]), "a putMany"),
          "BUFFER_SEALED",
          "putMany after the seal",
        );
        equal(await t.soon(late.tryPut("b"), "a tryPut"), "sealed", "tryPut after the seal");
      }
    }
    equal((await stage.buffer.counts()).produced, 1, "the number of items produced");
    equal(await takeAll(stage.buffer, 1, t), ["a"], "what came out");
  }),

  rule("SEAL-3 ends the takes that wait, on every handle", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const buffers = [stage.buffer, await stage.another(), await stage.another()];
    const takes = await Promise.all(
      buffers.map(async (buffer) => ({ call: (await buffer.consumer()).take() })),
    );
    const leased = { call: (await stage.buffer.consumer()).lease() };
    await t.staysPending(
      Promise.race([...takes.map(({ call }) => call), leased.call]),
      "takes from the empty buffer",
    );
    await (await stage.another()).seal();
    for (const { call } of takes) await getsTheEnd(call, t, "a waiting take");
    await getsTheEnd(leased.call, t, "a waiting lease");
  }),

  rule("SEAL-4 rejects the puts that wait, on every handle, and enqueues none of them", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    await put(await stage.buffer.producer(), ["a"]);
    const buffers = [stage.buffer, await stage.another(), await stage.another()];
    const puts = await Promise.all(
      buffers.map(async (buffer, i) => ({ call: (await buffer.producer()).put(i) })),
    );
    const outcomes = puts.map(({ call }) =>
      rejects(t.soon(call, "a waiting put"), "BUFFER_SEALED", "a waiting put"),
    );
    await t.staysPending(Promise.race(outcomes), "puts into the full buffer");
    await (await stage.another()).seal();
    for (const error of await Promise.all(outcomes))
      equal(error.effect, "none", "the effect of a waiting put that was sealed out");
    equal(await takeAll(stage.buffer, 1, t), ["a"], "what came out");
    const consumer = await stage.buffer.consumer();
    await getsTheEnd(consumer.take(), t, "a take after the one item");
  }),

  rule("SEAL-7 is idempotent: of several seals at once one did it, and later ones resolve too", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const buffers = [stage.buffer, await stage.another(), await stage.another()];
    const answers = await t.soon(Promise.all(buffers.map((buffer) => buffer.seal())), "three seals at once");
    equal(answers.filter((did) => did).length, 1, "the number of seals that did it");
    for (const buffer of buffers)
      equal(await t.soon(buffer.seal(), "a later seal"), false, "what a later seal resolved with");
    equal((await stage.buffer.counts()).sealed, true, "sealed, in the counts");
  }),

  rule("SEAL-10 with discard removes ready and parked items, counts them, and wakes everyone", async (t) => {
    const stage = await t.stage({ capacity: 4, deadLettersMax: 0 });
    const producer = await stage.buffer.producer();
    const consumer = await stage.buffer.consumer();
    await put(producer, ["parked", "acked", "returned", "ready"]);
    await (await leaseOne(consumer, t)).bury("bad");
    const [acked, returned] = [await leaseOne(consumer, t), await leaseOne(consumer, t)];
    const waitingPut = producer.put("late").then(
      () => "resolved",
      (error: unknown) => isBufferError(error, "BUFFER_SEALED") && "sealed",
    );
    await t.staysPending(waitingPut, "a put into the full buffer");
    equal(await stage.buffer.seal({ discard: true }), true, "what the seal resolved with");
    equal(await t.soon(waitingPut, "the waiting put"), "sealed", "the outcome of the waiting put");
    const seen = async () => {
      const { ready, leased, parked, dead, discarded, consumed } = await stage.buffer.counts();
      return { ready, leased, parked, dead, discarded, consumed };
    };
    const expected = { ready: 0, leased: 2, parked: 0, dead: 0, discarded: 2, consumed: 0 };
    equal(await seen(), expected, "the counts after the seal");
    const take = (await (await stage.another()).consumer()).take();
    await t.staysPending(take, "a take, with two leases open");
    await acked.ack();
    await returned.release();
    await getsTheEnd(take, t, "the waiting take, where what comes back is discarded");
    equal(await seen(), { ...expected, leased: 0, discarded: 3, consumed: 1 }, "the counts at the end");
  }),

  rule("SEAL-11 discards also a buffer that was sealed without, and leaves dead letters alone", async (t) => {
    const { buffer } = await t.stage({ capacity: 4 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["dead", "ready", "ready"]);
    await (await leaseOne(consumer, t)).bury("bad");
    equal(await buffer.seal(), true, "what the first seal resolved with");
    equal(await buffer.seal({ discard: true }), true, "what the seal that discards resolved with");
    equal(await buffer.seal({ discard: true }), false, "what it resolved with when repeated");
    const { ready, dead, discarded } = await buffer.counts();
    equal({ ready, dead, discarded }, { ready: 0, dead: 1, discarded: 2 }, "the counts");
    await getsTheEnd(consumer.take(), t, "a take after a discard");
    equal(
      (await buffer.deadLetters().list()).map((letter) => letter.reason),
      ["bad"],
      "the dead letters",
    );
  }),
];
