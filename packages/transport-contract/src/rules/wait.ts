/** WAIT: put waits while full and take while empty, as long as it is told to. */

import { bytesOf, offerAll, waiting } from "../kit/context.js";
import { equal, isTrue, rejects } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const waitRules: readonly Rule[] = [
  rule("WAIT-1 lets a put wait while full, and go on when another handle takes", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const producer = await stage.buffer.producer();
    await put(producer, ["a"]);
    const waitingPut = producer.put("b");
    await t.staysPending(waitingPut, "a put into the full buffer");
    equal(await takeAll(await stage.another(), 1, t), ["a"], "what came out first");
    await t.soon(waitingPut, "the waiting put, with room");
    equal(await takeAll(stage.buffer, 1, t), ["b"], "what came out then");
  }),

  rule("WAIT-2 lets a take and a lease wait while empty, and go on when another handle puts", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const consumer = await stage.buffer.consumer();
    const producer = await (await stage.another()).producer();
    const take = consumer.take();
    await t.staysPending(take, "a take from the empty buffer");
    await producer.put("a");
    equal(
      await t.soon(take, "the waiting take, with an item there"),
      { done: false, value: "a" },
      "what it got",
    );
    const lease = leaseOne(consumer, t);
    await t.staysPending(lease, "a lease from the empty buffer");
    await producer.put("b");
    const got = await t.soon(lease, "the waiting lease, with an item there");
    equal(got.value, "b", "what it got");
    await got.ack();
  }),

  rule("WAIT-3 rejects a put whose time is up, and enqueues nothing", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    let hasWaited = false;
    const onWait = () => {
      hasWaited = true;
    };
    const producer = await buffer.producer({ onWait });
    await put(producer, ["a"]);
    // A slow medium may not have said by then that it is full: it is given more.
    for (let timeoutMs = 40; !hasWaited; timeoutMs *= 4) {
      const began = performance.now();
      const error = await rejects(
        t.soon(producer.put("b", { timeoutMs }), `a put with ${timeoutMs} ms`),
        "WAIT_TIMED_OUT",
        `a put with ${timeoutMs} ms`,
      );
      const waitedMs = performance.now() - began;
      // A timer may fire a fraction of a millisecond before the clock says so.
      isTrue(
        waitedMs >= timeoutMs - 1,
        `Expected the put to wait for its ${timeoutMs} ms, it did for ${waitedMs}`,
      );
      equal(error.effect, "none", "the effect of the time-out");
      isTrue(
        !hasWaited || /items/.test(error.message),
        `Expected the message to say what ran out, items, got: ${error.message}`,
      );
    }
    equal(await takeAll(buffer, 1, t), ["a"], "what came out");
    await t.soon(producer.put("c", { timeoutMs: 5000 }), "a later put");
    equal(await takeAll(buffer, 1, t), ["c"], "what came out after a later put");
    equal((await buffer.counts()).produced, 2, "the number of items produced");
  }),

  rule("WAIT-4 rejects a take or lease whose time is up, and hands nothing out", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const consumer = await buffer.consumer();
    const producer = await buffer.producer();
    const take = t.soon(consumer.take({ timeoutMs: 30 }), "the take");
    equal(
      (await rejects(take, "WAIT_TIMED_OUT", "a take with 30 ms")).effect,
      "none",
      "the effect of the time-out",
    );
    await rejects(
      t.soon(consumer.lease({ timeoutMs: 30 }), "the lease"),
      "WAIT_TIMED_OUT",
      "a lease with 30 ms",
    );
    await rejects(
      t.soon(consumer.takeMany(3, { timeoutMs: 30 }), "takeMany"),
      "WAIT_TIMED_OUT",
      "takeMany with 30 ms",
    );
    await put(producer, ["a"]);
    const { ready, leased, consumed } = await buffer.counts();
    equal({ ready, leased, consumed }, { ready: 1, leased: 0, consumed: 0 }, "the counts after a put");
    equal(await takeAll(buffer, 1, t), ["a"], "what came out");
  }),

  rule("WAIT-5 tries once with a time-out of 0", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await rejects(
      t.soon(consumer.take({ timeoutMs: 0 }), "the take"),
      "WAIT_TIMED_OUT",
      "take with 0 ms while empty",
    );
    await t.soon(producer.put("a", { timeoutMs: 0 }), "put with 0 ms while there is room");
    await rejects(
      t.soon(producer.put("b", { timeoutMs: 0 }), "the put"),
      "WAIT_TIMED_OUT",
      "put with 0 ms while full",
    );
    const got = await t.soon(consumer.take({ timeoutMs: 0 }), "take with 0 ms while an item is there");
    equal(got, { done: false, value: "a" }, "what take with 0 ms got");
  }),

  rule("WAIT-11 answers try-forms at once, with values and not with errors", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    equal(await t.soon(consumer.tryTake(), "tryTake"), "empty" as never, "tryTake while empty");
    equal(await t.soon(consumer.tryLease(), "tryLease"), "empty" as never, "tryLease while empty");
    equal(await t.soon(producer.tryPut("a"), "tryPut"), "accepted", "tryPut with room");
    equal(await t.soon(producer.tryPut("b"), "tryPut"), "full", "tryPut while full");
    equal(
      await t.soon(consumer.tryTake(), "tryTake"),
      { done: false, value: "a" },
      "tryTake with an item there",
    );
    // Also behind calls that wait.
    const take = consumer.take();
    equal(
      await t.soon(consumer.tryTake(), "tryTake behind a waiting take"),
      "empty" as never,
      "tryTake behind a waiting take",
    );
    await producer.put("c");
    await t.soon(take, "the waiting take");
    await put(producer, ["d"]);
    const waitingPut = producer.put("e");
    equal(
      await t.soon(producer.tryPut("f"), "tryPut behind a waiting put"),
      "full",
      "tryPut behind a waiting put",
    );
    await buffer.seal();
    await rejects(t.soon(waitingPut, "the waiting put"), "BUFFER_SEALED", "the waiting put, after the seal");
    equal(await t.soon(producer.tryPut("g"), "tryPut"), "sealed", "tryPut after the seal");
    await takeAll(buffer, 1, t);
    equal(await t.soon(consumer.tryTake(), "tryTake"), { done: true } as never, "tryTake at the end");
    equal(await t.soon(consumer.tryLease(), "tryLease"), { done: true } as never, "tryLease at the end");
  }),

  rule(
    "WAIT-15 never waits longer than asked at the port, and returns when the signal says so",
    async (t) => {
      const { port } = await t.bare({ capacity: 1 });
      const producer = await port.producer();
      const consumer = await port.consumer();
      const empty = await t.soon(consumer.poll(1, waiting(20)), "a poll of 20 ms");
      equal(empty, { deliveries: [], state: "empty" }, "a poll of 20 ms while empty");
      await offerAll(producer, 1, [bytesOf(1)]);
      const full = await t.soon(producer.offer(2, [bytesOf(2)], waiting(20)), "an offer of 20 ms");
      equal(full, { accepted: 0, state: "full", fullBy: "items" }, "an offer of 20 ms while full");
      const abort = new AbortController();
      const offer = producer.offer(2, [bytesOf(2)], waiting(Infinity, abort.signal));
      await t.pause();
      abort.abort(new Error("enough"));
      const ended = await t.soon(offer, "an offer whose signal was aborted");
      isTrue(
        ended.accepted === 0 && ended.state !== "sealed",
        `Expected an ended offer to have accepted nothing, got ${JSON.stringify(ended)}`,
      );
      equal((await consumer.poll(5, waiting(0))).deliveries.length, 1, "the number of items inside");
      const again = new AbortController();
      const poll = consumer.poll(1, waiting(Infinity, again.signal));
      await t.pause();
      again.abort(new Error("enough"));
      equal(
        (await t.soon(poll, "a poll whose signal was aborted")).deliveries,
        [],
        "what an ended poll handed out",
      );
    },
  ),

  rule("WAIT-16 says once at the port that it begins to wait, and only then", async (t) => {
    const { port } = await t.bare({ capacity: 1 });
    const producer = await port.producer();
    const consumer = await port.consumer();
    let waits = 0;
    const wait = (maxMs: number, signal?: AbortSignal) => waiting(maxMs, signal, () => void waits++);
    await producer.offer(1, [bytesOf(1)], wait(1000));
    equal(waits, 0, "the number of onWait calls of an offer with room");
    const offer = producer.offer(2, [bytesOf(2)], wait(200));
    await t.until(() => waits === 1, "an offer into the full buffer calls onWait");
    await t.soon(offer, "the offer");
    equal(waits, 1, "the number of onWait calls of one offer");
    await consumer.poll(1, wait(1000));
    equal(waits, 1, "the number of onWait calls after a poll with an item there");
    const poll = consumer.poll(1, wait(200));
    await t.until(() => waits === 2, "a poll of the empty buffer calls onWait");
    await t.soon(poll, "the poll");
    equal(waits, 2, "the number of onWait calls of one poll");
  }),
];
