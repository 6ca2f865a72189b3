/** WAIT: put waits while full and take while empty; time-outs, aborts, try-forms, and nobody forgotten. */

import { setImmediate as turn } from "node:timers/promises";
import { bytesOf, offerAll, waiting } from "../kit/context.js";
import { equal, fail, isTrue, rejects, rejectsWith } from "../kit/expect.js";
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
    const producer = await buffer.producer();
    await put(producer, ["a"]);
    const began = performance.now();
    const error = await rejects(
      t.soon(producer.put("b", { timeoutMs: 40 }), "the put"),
      "WAIT_TIMED_OUT",
      "a put with 40 ms",
    );
    // A timer may fire a fraction of a millisecond before the clock says so.
    isTrue(performance.now() - began >= 39, "Expected the put to wait for its 40 ms");
    equal(error.effect, "none", "the effect of the time-out");
    isTrue(
      /items/.test(error.message),
      `Expected the message to say what ran out, items, got: ${error.message}`,
    );
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

  rule("WAIT-6 does nothing for a signal that is aborted already, even if it could", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["a"]);
    const reason = new Error("the caller's own");
    const signal = AbortSignal.abort(reason);
    await rejectsWith(producer.put("b", { signal }), reason, "put");
    await rejectsWith(producer.putMany(["b"], { signal }), reason, "putMany");
    await rejectsWith(consumer.take({ signal }), reason, "take");
    await rejectsWith(consumer.takeMany(2, { signal }), reason, "takeMany");
    await rejectsWith(consumer.lease({ signal }), reason, "lease");
    const { ready, leased, produced, consumed } = await buffer.counts();
    equal(
      { ready, leased, produced, consumed },
      { ready: 1, leased: 0, produced: 1, consumed: 0 },
      "the counts afterwards",
    );
  }),

  rule("WAIT-7 enqueues nothing for a put that is aborted while it waits", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const producer = await buffer.producer();
    await put(producer, ["a"]);
    const abort = new AbortController();
    const reason = new Error("the caller's own");
    const aborted = producer.put("b", { signal: abort.signal });
    const next = producer.put("c");
    await t.staysPending(aborted, "a put into the full buffer");
    abort.abort(reason);
    await rejectsWith(t.soon(aborted, "the aborted put"), reason, "the aborted put");
    equal(await takeAll(buffer, 2, t), ["a", "c"], "what came out");
    await t.soon(next, "the put that waited behind the aborted one");
    equal((await buffer.counts()).produced, 2, "the number of items produced");
  }),

  rule("WAIT-8 takes nothing for a take that is aborted while it waits", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const consumer = await stage.buffer.consumer();
    const abort = new AbortController();
    const reason = new Error("the caller's own");
    const take = consumer.take({ signal: abort.signal });
    const lease = (await stage.buffer.consumer()).lease({ signal: abort.signal });
    await t.staysPending(Promise.race([take, lease]), "a take and a lease from the empty buffer");
    abort.abort(reason);
    await rejectsWith(t.soon(take, "the aborted take"), reason, "the aborted take");
    await rejectsWith(t.soon(lease, "the aborted lease"), reason, "the aborted lease");
    await put(await stage.buffer.producer(), ["a", "b"]);
    await t.pause();
    const { ready, leased, consumed } = await stage.buffer.counts();
    equal({ ready, leased, consumed }, { ready: 2, leased: 0, consumed: 0 }, "the counts after two puts");
    equal(await takeAll(stage.buffer, 2, t), ["a", "b"], "what came out");
  }),

  rule("WAIT-9 hands the wake-up of an aborted call on to the next that waits", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const producer = await stage.buffer.producer();
    for (let trial = 0; trial < t.trials(20); trial++) {
      const consumers = await Promise.all([stage.buffer.consumer(), (await stage.another()).consumer()]);
      const abort = new AbortController();
      const first = consumers[0].take({ signal: abort.signal });
      const second = consumers[1].take();
      const outcome = first.then(
        (got) => got,
        () => "aborted" as const,
      );
      if (t.random.chance(0.5)) await turn();
      const putting = producer.put(trial);
      if (t.random.chance(0.5)) await turn();
      abort.abort(new Error("enough"));
      await t.soon(putting, "the put");
      if ((await t.soon(outcome, "the take that was aborted")) === "aborted") {
        equal(
          await t.soon(second, "the take behind the aborted one"),
          { done: false, value: trial },
          "what it got",
        );
      } else {
        // The commit won: the item went to the first, so the second waits for another.
        await t.soon(producer.put("more"), "one more put");
        await t.soon(second, "the take behind, with one more item");
      }
      for (const consumer of consumers) await consumer.close();
    }
  }),

  rule(
    "WAIT-10 tells the truth about a call whose abort races its commit",
    async (t) => {
      const stage = await t.stage({ capacity: 4 });
      const producer = await stage.buffer.producer();
      const consumer = await stage.buffer.consumer();
      const believed: number[] = [];
      const taken: unknown[] = [];
      for (let trial = 0; trial < t.trials(300); trial++) {
        const abort = new AbortController();
        const { signal } = abort;
        const putting = producer.put(trial, { signal }).then(
          () => void believed.push(trial),
          (error: unknown) =>
            isTrue(error === signal.reason, `Expected the caller's reason, got ${String(error)}`),
        );
        const taking = consumer.take({ signal }).then(
          (got) => void (got.done ? fail("Expected an item, the end came") : taken.push(got.value)),
          (error: unknown) =>
            isTrue(error === signal.reason, `Expected the caller's reason, got ${String(error)}`),
        );
        for (let turns = t.random.below(4); turns > 0; turns--) await (t.random.chance(0.5) ? turn() : null);
        abort.abort(new Error("enough"));
        await t.soon(Promise.all([putting, taking]), "a put and a take that were aborted");
        // Room for the next trial, whatever this one left.
        while ((await stage.buffer.counts()).ready > 2) taken.push(...(await takeAll(stage.buffer, 1, t)));
      }
      taken.push(...(await takeAll(stage.buffer, (await stage.buffer.counts()).ready, t)));
      equal(taken, believed, "what came out, against the puts that resolved");
    },
    { level: "stochastic" },
  ),

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
    "WAIT-12 loses no wake-up: as many items as waiting takes complete them all",
    async (t) => {
      const stage = await t.stage({ capacity: 3 });
      const buffers = [stage.buffer, await stage.another(), await stage.another()];
      for (let trial = 0; trial < t.trials(25); trial++) {
        const count = 1 + t.random.below(8);
        const consumers = await Promise.all(buffers.map((buffer) => buffer.consumer()));
        const producers = await Promise.all(buffers.map((buffer) => buffer.producer()));
        const calls: Promise<unknown>[] = [];
        for (let i = 0; i < count; i++) {
          // Takers first or putters first, with or without a turn between.
          const sides = [() => t.random.pick(consumers).take(), () => t.random.pick(producers).put(i)];
          if (t.random.chance(0.5)) sides.reverse();
          for (const side of sides) {
            calls.push(side());
            if (t.random.chance(0.3)) await turn();
          }
        }
        await t.soon(Promise.all(calls), `${count} puts and ${count} takes`);
        for (const handle of [...consumers, ...producers]) await handle.close();
      }
    },
    { level: "stochastic" },
  ),

  rule(
    "WAIT-13 starves nobody: of several consumers that wait for every item, each gets its share",
    async (t) => {
      const stage = await t.stage({ capacity: 4 });
      const shares = [0, 0, 0, 0];
      let waitingNow = 0;
      const consumers = shares.map(async (_, i) => {
        const consumer = await (await stage.another()).consumer();
        for (;;) {
          waitingNow++;
          const got = await consumer.take();
          waitingNow--;
          if (got.done) return;
          shares[i] = (shares[i] ?? 0) + 1;
        }
      });
      const producer = await stage.buffer.producer();
      const items = t.trials(200);
      for (let i = 0; i < items; i++) {
        await t.until(() => waitingNow === shares.length, "all consumers wait");
        await t.soon(producer.put(i), `put ${i}`);
      }
      await stage.buffer.seal();
      await t.soon(Promise.all(consumers), "the consumers");
      // Crossbeam's rule for fairness: at least half of an equal share.
      const least = Math.min(...shares);
      const half = Math.floor(items / shares.length / 2);
      isTrue(
        least >= half,
        `Expected each of 4 consumers to get ${half} of ${items} items, they got ${shares}`,
      );
    },
    { level: "stochastic" },
  ),

  rule("WAIT-14 gives the event loop its turns while items flow", async (t) => {
    const stage = await t.stage({ capacity: 64 });
    const producer = await stage.buffer.producer();
    const consumer = await stage.buffer.consumer();
    let turns = 0;
    let isOver = false;
    const count = async () => {
      while (!isOver) {
        await turn();
        turns++;
      }
    };
    const counting = count();
    const items = 4000;
    await t.soon(
      Promise.all([
        (async () => {
          for (let i = 0; i < items; i++) await producer.put(i);
        })(),
        (async () => {
          for (let i = 0; i < items; i++) await consumer.take();
        })(),
      ]),
      `${items} puts and takes`,
    );
    isOver = true;
    await counting;
    // "At least every few hundred synchronous completions."
    isTrue(
      turns >= items / 1000,
      `Expected at least ${items / 1000} turns of the event loop in ${items} items, it had ${turns}`,
    );
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

  rule(
    "WAIT-17 hands an item out or lets its time run out, never both",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const producer = await stage.buffer.producer();
      const consumer = await stage.buffer.consumer();
      const taken: unknown[] = [];
      const trials = t.trials(40);
      for (let trial = 0; trial < trials; trial++) {
        const timeoutMs = t.random.below(4);
        const take = consumer.take({ timeoutMs }).then(
          (got) => void (got.done ? fail("Expected an item, the end came") : taken.push(got.value)),
          () => {},
        );
        await new Promise((resolve) => setTimeout(resolve, t.random.below(4)));
        await t.soon(producer.put(trial), "a put");
        await t.soon(take, "a take with a short time");
        while ((await stage.buffer.counts()).ready > 0) taken.push(...(await takeAll(stage.buffer, 1, t)));
      }
      equal(
        taken,
        Array.from({ length: trials }, (_, i) => i),
        "what came out",
      );
    },
    { level: "stochastic" },
  ),
];
