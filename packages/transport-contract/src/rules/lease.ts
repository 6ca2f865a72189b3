/** LEASE: at least once. What was leased comes back until it is acked, and nothing is ever lost. */

import { setTimeout as sleep } from "node:timers/promises";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { checkLedger, getsTheEnd, leaseOne, put } from "../kit/face.js";
import { handled } from "../kit/quiet.js";
import { type Rule, rule } from "../rule.js";

export const leaseRules: readonly Rule[] = [
  rule(
    "LEASE-1 removes an item for good with an ack",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 2 });
      await put(await buffer.producer(), ["a"]);
      const consumer = await buffer.consumer();
      // Time enough for the ack, also on a busy machine.
      const leaseMs = t.timing.leaseMs * 4;
      const lease = await leaseOne(consumer, t, leaseMs);
      equal(
        { deliveries: lease.deliveries, failures: lease.failures },
        { deliveries: 1, failures: 0 },
        "a first lease",
      );
      await lease.ack();
      // Longer than the lease would have lasted.
      await sleep(leaseMs + t.timing.leaseMs);
      equal(await consumer.tryTake(), "empty" as never, "tryTake after the ack");
      const { consumed, ready, leased } = await buffer.counts();
      equal({ consumed, ready, leased }, { consumed: 1, ready: 0, leased: 0 }, "the counts");
    },
    { isTimed: true },
  ),

  rule(
    "LEASE-2 returns an item with a nack: the same bytes, one delivery and one failure more",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const value = { text: "again", bytes: [...Array(50).keys()] };
      await put(await stage.buffer.producer(), [value]);
      const first = await leaseOne(await stage.buffer.consumer(), t);
      await first.nack({ reason: "not now" });
      const second = await leaseOne(await (await stage.another()).consumer(), t);
      equal(second.value, value as unknown, "the value of the second delivery");
      equal(
        { deliveries: second.deliveries, failures: second.failures },
        { deliveries: 2, failures: 1 },
        "the second lease",
      );
      await second.ack();
      equal((await stage.buffer.counts()).consumed, 1, "the number of items consumed");
    },
  ),

  rule(
    "LEASE-3 counts no failure for a release",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 2, failuresMax: 2 });
      await put(await buffer.producer(), ["a"]);
      const consumer = await buffer.consumer();
      for (let deliveries = 1; deliveries <= 6; deliveries++) {
        const lease = await leaseOne(consumer, t);
        equal(
          { deliveries: lease.deliveries, failures: lease.failures },
          { deliveries, failures: 0 },
          `lease ${deliveries}`,
        );
        await lease.release();
      }
      equal((await buffer.counts()).dead, 0, "the number of dead letters after six releases");
    },
    { needs: ({ release }) => (release === "free" ? undefined : "a release counts as a failure there") },
  ),

  rule("LEASE-4 returns an item whose lease has run out, with a failure, to whoever waits", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    await put(await stage.buffer.producer(), ["a"]);
    const late = await leaseOne(await stage.buffer.consumer(), t, t.timing.leaseMs);
    const second = await leaseOne(await (await stage.another()).consumer(), t);
    equal(second.value, "a", "what the waiting consumer got");
    equal(
      { deliveries: second.deliveries, failures: second.failures },
      { deliveries: 2, failures: 1 },
      "the second lease",
    );
    await rejects(late.ack(), "LEASE_LOST", "the ack of the lease that ran out");
    await second.ack();
    checkLedger(await stage.buffer.counts(), 1, "at the end");
  }),

  rule(
    "LEASE-6 keeps an item for as long as its lease is extended",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      await put(await stage.buffer.producer(), ["a"]);
      const lease = await leaseOne(await stage.buffer.consumer(), t, t.timing.leaseMs * 8);
      const other = await (await stage.another()).consumer();
      let isOut = true;
      // Where an extend fails nobody awaits it any more.
      const take = handled(
        other.take().then((got) => {
          isOut = false;
          return got;
        }),
      );
      // One and a half times the lease; each extend may be late by three quarters of it.
      for (let i = 0; i < 6; i++) {
        await sleep(t.timing.leaseMs * 2);
        await lease.extend(t.timing.leaseMs * 8);
        isTrue(isOut, "Expected the item to stay with the holder that extends its lease");
      }
      await lease.release();
      equal(
        await t.soon(take, "the waiting take, after the release"),
        { done: false, value: "a" },
        "what it got",
      );
    },
    { isTimed: true },
  ),

  rule(
    "LEASE-12 keeps a nacked item back for its delay, during which it counts as leased",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 2 });
      await put(await buffer.producer(), ["a"]);
      const consumer = await buffer.consumer();
      // Time enough for the looks at it, also on a busy machine.
      const delayMs = t.timing.leaseMs * 4;
      const lease = await leaseOne(consumer, t);
      // The delay begins with the nack's commit, which may be long before its answer.
      const asked = performance.now();
      await lease.nack({ reason: "later", delayMs });
      const { leased, ready } = await buffer.counts();
      equal({ leased, ready }, { leased: 1, ready: 0 }, "the counts during the delay");
      equal(await consumer.tryTake(), "empty" as never, "tryTake during the delay");
      const again = await leaseOne(consumer, t);
      // One millisecond for the rounding of timers.
      isTrue(
        performance.now() - asked >= delayMs - 1,
        `Expected the item not before its delay of ${delayMs} ms`,
      );
      equal(again.failures, 1, "the failures of the item");
      await again.ack();
    },
    { isTimed: true },
  ),

  rule("LEASE-14 releases the leases of a consumer, or of a handle, that is closed", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    await put(await stage.buffer.producer(), ["a", "b"]);
    const consumer = await stage.buffer.consumer();
    const byConsumer = await leaseOne(consumer, t);
    const handle = await stage.another();
    const byHandle = await leaseOne(await handle.consumer(), t);
    await consumer.close();
    await handle.close();
    await t.until(
      async () => (await stage.buffer.counts()).ready === 2,
      "the items of closed holders are ready again",
    );
    for (const lease of [byConsumer, byHandle]) {
      const late = lease.ack().then(
        () => "resolved",
        (error: { code?: string }) => error.code,
      );
      const code = await t.soon(late, "an ack after the close");
      isTrue(
        code === "LEASE_LOST" || code === "HANDLE_CLOSED",
        `Expected an ack after the close to be refused, got ${code}`,
      );
    }
    const other = await stage.buffer.consumer();
    const leases = [await leaseOne(other, t), await leaseOne(other, t)];
    equal(
      leases.map((lease) => lease.value),
      ["a", "b"],
      "what came out again",
    );
    if (t.harness.capabilities.release === "free") {
      equal(
        leases.map((lease) => lease.failures),
        [0, 0],
        "the failures of items whose holders were closed",
      );
    }
  }),

  rule("LEASE-18 survives many failures: 300 nacks, then everything is consumed", async (t) => {
    const { buffer } = await t.stage({ capacity: 5, failuresMax: 1000 });
    await put(await buffer.producer(), [1, 2, 3, 4, 5]);
    const consumer = await buffer.consumer();
    let nacks = 0;
    while (nacks < 300) {
      const leases = await t.soon(consumer.leaseMany(3), "leaseMany of 3");
      nacks += leases.length;
      await Promise.all(leases.map((lease) => lease.nack({ reason: "not yet" })));
      checkLedger(await buffer.counts(), 5, `after ${nacks} nacks`);
    }
    await buffer.seal();
    const values: unknown[] = [];
    for await (const lease of consumer.leases()) {
      values.push(lease.value);
      await lease.ack();
    }
    equal([...values].sort(), [1, 2, 3, 4, 5], "what was consumed");
    equal((await buffer.counts()).dead, 0, "the number of dead letters");
  }),

  rule(
    "LEASE-21 keeps the item of leases() while its body runs, however long",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      await put(await stage.buffer.producer(), ["a"]);
      await stage.buffer.seal();
      const consumer = await stage.buffer.consumer();
      const other = await (await stage.another()).consumer();
      let bodies = 0;
      let thief: Promise<{ done: boolean }> | undefined;
      // Renewed at a third of its time, so that a renewal may be late by two thirds of it.
      const leaseMs = t.timing.leaseMs * 6;
      for await (const lease of consumer.leases({ leaseMs })) {
        bodies++;
        thief = other.take();
        await sleep(leaseMs * 2);
        await lease.ack();
      }
      equal(bodies, 1, "the number of times the body ran");
      await getsTheEnd(thief ?? fail("Expected a lease"), t, "another consumer's take");
    },
    { isTimed: true },
  ),
];
