/** BOUND: never more than capacity, in items and in bytes, at any instant. */

import { ENVELOPE_BYTES_MAX, isBufferError } from "@sluice/core";
import { bytesOf, waiting } from "../kit/context.js";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { occupied } from "../kit/ledger.js";
import { type Rule, rule } from "../rule.js";

export const boundRules: readonly Rule[] = [
  rule("BOUND-1 accepts capacity items with no consumer there, and not one more", async (t) => {
    const { buffer } = await t.stage({ capacity: 5 });
    const producer = await buffer.producer();
    for (let i = 1; i <= 5; i++) await t.soon(producer.put(i), `put ${i} of 5`);
    equal(await producer.tryPut(6), "full", "tryPut at 5 of 5");
    const sixth = producer.put(6);
    await t.staysPending(sixth, "the sixth put");
    equal(occupied(await buffer.counts()), 5, "the number of items inside");
    const values = await takeAll(buffer, 6, t);
    await t.soon(sixth, "the sixth put, with room");
    equal(values, [1, 2, 3, 4, 5, 6], "what came out");
  }),

  rule("BOUND-2 frees one slot with one take: one waiting put resolves, and no other", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const producer = await stage.buffer.producer();
    await put(producer, ["a", "b"]);
    const others = await Promise.all([stage.another(), stage.another(), stage.another()]);
    const puts = await Promise.all(
      others.map(async (other, i) => ({ call: (await other.producer()).put(i) })),
    );
    let resolved = 0;
    for (const { call } of puts)
      void call.then(
        () => resolved++,
        () => {},
      );
    await t.pause();
    equal(resolved, 0, "the number of waiting puts that resolved while it was full");
    const consumer = await stage.buffer.consumer();
    for (let taken = 1; taken <= 3; taken++) {
      await t.soon(consumer.take(), `take ${taken}`);
      await t.until(() => resolved >= taken, `${taken} of 3 waiting puts resolve after ${taken} takes`);
      await t.pause();
      equal(resolved, taken, `the number of waiting puts that resolved after ${taken} takes`);
    }
  }),

  rule("BOUND-3 counts leased items towards capacity until they are settled", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["a", "b"]);
    const first = await t.soon(consumer.lease(), "the first lease");
    const second = await t.soon(consumer.lease(), "the second lease");
    equal(await producer.tryPut("c"), "full", "tryPut with both items leased");
    isTrue(!first.done && !second.done, "Expected both leases to hold an item");
    await first.value.nack({ reason: "again" });
    equal(await producer.tryPut("c"), "full", "tryPut with one leased and one returned");
    await second.value.ack();
    equal(await producer.tryPut("c"), "accepted", "tryPut after an ack");
    equal(await producer.tryPut("d"), "full", "tryPut at capacity again");
  }),

  rule("BOUND-4 counts parked items towards capacity", async (t) => {
    const { buffer } = await t.stage({ capacity: 2, deadLettersMax: 0 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["bad"]);
    const lease = await t.soon(consumer.lease(), "the lease");
    isTrue(!lease.done, "Expected the lease to hold an item");
    await lease.value.bury("bad");
    equal((await buffer.counts()).parked, 1, "the number of parked items");
    equal(await producer.tryPut("b"), "accepted", "tryPut into the slot that is left");
    equal(await producer.tryPut("c"), "full", "tryPut with one parked and one ready");
  }),

  rule("BOUND-5 refuses a capacity that is no integer from 1 up, and creates nothing", async (t) => {
    const transport = await t.transport();
    for (const capacity of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, "5" as unknown as number]) {
      await rejects(
        t.createBuffer(transport, { capacity }),
        "INVALID_ARGUMENT",
        `create with capacity ${capacity}`,
      );
    }
    await rejects(t.openBuffer(transport), "BUFFER_NOT_FOUND", "open after every create was refused");
  }),

  rule("BOUND-6 is full by bytes too, and says which of the two ran out", async (t) => {
    const { port } = await t.bare({
      capacity: 4,
      itemBytesMax: 1000,
      bufferBytesMax: 1000 + ENVELOPE_BYTES_MAX,
    });
    const producer = await port.producer();
    const large = new Uint8Array(1000);
    equal(
      (await producer.offer(1, [large, large], waiting(0))).accepted,
      2,
      "the number of items of 1,000 bytes accepted",
    );
    const third = await producer.offer(3, [large], waiting(0));
    equal(third, { accepted: 0, state: "full", fullBy: "bytes" }, "the offer of 1,000 bytes more than fit");
    const rest = bytesOf(1);
    equal(
      (await producer.offer(3, [rest, rest], waiting(0))).accepted,
      2,
      "the number of small items accepted",
    );
    const fifth = await producer.offer(5, [rest], waiting(0));
    equal(fifth, { accepted: 0, state: "full", fullBy: "items" }, "the offer beyond capacity");
    const consumer = await port.consumer();
    await consumer.poll(3, waiting(0));
    const beside = [new Uint8Array(ENVELOPE_BYTES_MAX)];
    const counted = await producer.offer(5, [large], waiting(0), beside);
    equal(counted, { accepted: 0, state: "full", fullBy: "bytes" }, "an item that fits without its envelope");
  }),

  rule("BOUND-7 gives the bytes of an item back with its slot, however it leaves", async (t) => {
    const { buffer } = await t.stage({
      capacity: 3,
      itemBytesMax: 500,
      bufferBytesMax: 500 + ENVELOPE_BYTES_MAX,
    });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    const large = "x".repeat(490);
    for (let round = 0; round < 12; round++) {
      let inside = 0;
      while ((await producer.tryPut(large)) === "accepted") inside++;
      isTrue(
        inside > 0,
        `Expected room for an item in round ${round}, the bytes of earlier rounds were never given back`,
      );
      for (; inside > 0; inside--) {
        if (round % 3 === 0) await t.soon(consumer.take(), "a take");
        else {
          const lease = await t.soon(consumer.lease(), "a lease");
          isTrue(!lease.done, "Expected the lease to hold an item");
          if (round % 3 === 1) await lease.value.ack();
          else {
            await lease.value.bury("enough");
            const [letter] = await buffer.deadLetters().list();
            isTrue(letter !== undefined, "Expected a dead letter after a bury");
            await buffer.deadLetters().remove(letter.sequence);
          }
        }
      }
    }
  }),

  rule("BOUND-8 works with a capacity of 1", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const other = await stage.another();
    const producer = await stage.buffer.producer();
    const consumer = await other.consumer();
    await put(producer, ["only"]);
    equal(await producer.tryPut("b"), "full", "tryPut at 1 of 1");
    equal(await takeAll(other, 1, t), ["only"], "what came out first");
    const produced = (async () => {
      for (let i = 0; i < 50; i++) await producer.put(i);
      await stage.buffer.seal();
    })();
    const taken: unknown[] = [];
    for await (const value of consumer) taken.push(value);
    await t.soon(produced, "the producer");
    equal(
      taken,
      Array.from({ length: 50 }, (_, i) => i),
      "what came out",
    );
    const { peak, consumed } = await stage.buffer.counts();
    equal({ peak, consumed }, { peak: 1, consumed: 51 }, "peak and consumed");
  }),

  rule("BOUND-9 records the peak of the items inside at the commit", async (t) => {
    const { buffer } = await t.stage({ capacity: 5 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    const { peak: claim } = t.harness.capabilities;
    let truth = 0;
    for (const step of ["put", "put", "lease", "put", "take", "ack", "take", "put"] as const) {
      if (step === "put") await producer.put("x");
      else if (step === "take") await consumer.take();
      else if (step === "lease")
        await consumer
          .lease({ leaseMs: 60_000 })
          .then((got) => t.defer(() => !got.done && got.value.release()));
      const counts = await buffer.counts();
      truth = Math.max(truth, occupied(counts));
      const isRight =
        claim === "exact"
          ? counts.peak === truth
          : claim === "upper-bound"
            ? counts.peak >= truth && counts.peak <= 5
            : counts.peak <= truth;
      if (!isRight)
        fail(
          `Expected the peak, claimed to be ${claim}, to fit ${truth} items inside at most, got ${counts.peak}`,
        );
    }
  }),

  rule("BOUND-10 tells every handle the capacity it was created with", async (t) => {
    const stage = await t.stage({ capacity: 7, itemBytesMax: 321, failuresMax: 3, deadLettersMax: 2 });
    for (const buffer of [stage.buffer, await stage.another()]) {
      const { capacity, itemBytesMax, failuresMax, deadLettersMax } = buffer.spec;
      const seen = { capacity, itemBytesMax, failuresMax, deadLettersMax };
      equal(
        seen,
        { capacity: 7, itemBytesMax: 321, failuresMax: 3, deadLettersMax: 2 },
        "the settings of a handle",
      );
    }
  }),

  rule("BOUND-11 lets a putMany of more than capacity in part by part, in order", async (t) => {
    const stage = await t.stage({ capacity: 3 });
    const producer = await stage.buffer.producer();
    const values = Array.from({ length: 20 }, (_, i) => i);
    const all = producer.putMany(values);
    await t.until(async () => (await stage.buffer.counts()).ready === 3, "putMany fills the buffer");
    await t.staysPending(all, "putMany of 20 into 3");
    equal(await takeAll(await stage.another(), 20, t), values, "what came out");
    equal(await t.soon(all, "putMany, with everything taken"), 20, "the count that putMany resolves with");
    const { peak } = await stage.buffer.counts();
    isTrue(peak <= 3, `Expected a peak of at most 3, got ${peak}`);
  }),

  rule("BOUND-12 rejects a put that can never fit, and enqueues nothing", async (t) => {
    const { buffer } = await t.stage({ capacity: 2, itemBytesMax: 100 });
    const producer = await buffer.producer();
    await rejects(producer.put("x".repeat(200)), "ITEM_TOO_LARGE", "the put of an item over the limit");
    const answer = await producer.tryPut("x".repeat(200)).catch((error: unknown) => {
      if (!isBufferError(error, "ITEM_TOO_LARGE")) throw error;
      return "refused";
    });
    equal(answer, "refused", "tryPut of an item over the limit");
    equal((await buffer.counts()).produced, 0, "the number of items produced");
    await t.soon(producer.put("x"), "a put of a small item afterwards");
  }),
];
