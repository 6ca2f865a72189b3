/** LEASE: at least once. A token fences, a failure is counted, and nothing that was leased is ever lost. */

import { setTimeout as sleep } from "node:timers/promises";
import { bytesOf, offerAll, pollOne, waiting } from "../kit/context.js";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { checkLedger, leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const leaseRules: readonly Rule[] = [
  rule("LEASE-1 removes an item for good with an ack", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    await put(await buffer.producer(), ["a"]);
    const consumer = await buffer.consumer();
    const lease = await leaseOne(consumer, t, t.timing.leaseMs);
    equal(
      { deliveries: lease.deliveries, failures: lease.failures },
      { deliveries: 1, failures: 0 },
      "a first lease",
    );
    await lease.ack();
    // Longer than the lease would have lasted.
    await sleep(t.timing.leaseMs * 2);
    equal(await consumer.tryTake(), "empty" as never, "tryTake after the ack");
    const { consumed, ready, leased } = await buffer.counts();
    equal({ consumed, ready, leased }, { consumed: 1, ready: 0, leased: 0 }, "the counts");
  }),

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
    "LEASE-5 refuses every late settlement once the item was handed out again, and the new lease stands",
    async (t) => {
      const { port } = await t.bare({ capacity: 4, failuresMax: 100 });
      const producer = await port.producer();
      const consumer = await port.consumer();
      const late = ["ack", "nack", "release", "extend", "bury"] as const;
      for (const [n, kind] of late.entries()) {
        await offerAll(producer, n + 1, [bytesOf(n)]);
        const old = await pollOne(consumer, { leaseMs: t.timing.leaseMs });
        const current = await pollOne(consumer, { leaseMs: 60_000 });
        equal(current.sequence, old.sequence, "the item that was handed out again");
        const terms = { token: old.token as number, reason: "late", delayMs: 0, leaseMs: 60_000 };
        equal(await consumer.settle([{ kind, ...terms }]), ["lost"], `a late ${kind}`);
        equal((await port.counts()).leased, 1, `the number of leases after a late ${kind}`);
        equal(
          await consumer.settle([{ kind: "ack", token: current.token as number }]),
          ["settled"],
          "the current ack",
        );
      }
      const { consumed, dead } = await port.counts();
      equal({ consumed, dead }, { consumed: late.length, dead: 0 }, "the counts");
    },
    {
      needs: ({ fencing }) =>
        fencing === "authority" ? undefined : "a clock refuses late settlements there",
    },
  ),

  rule("LEASE-6 keeps an item for as long as its lease is extended", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    await put(await stage.buffer.producer(), ["a"]);
    const lease = await leaseOne(await stage.buffer.consumer(), t, t.timing.leaseMs * 4);
    const other = await (await stage.another()).consumer();
    let isOut = true;
    const take = other.take().then((got) => {
      isOut = false;
      return got;
    });
    for (let i = 0; i < 8; i++) {
      await sleep(t.timing.leaseMs);
      await lease.extend(t.timing.leaseMs * 4);
      isTrue(isOut, "Expected the item to stay with the holder that extends its lease");
    }
    await lease.release();
    equal(
      await t.soon(take, "the waiting take, after the release"),
      { done: false, value: "a" },
      "what it got",
    );
  }),

  rule("LEASE-7 refuses to extend a lease that ran out and was handed on", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    await put(await buffer.producer(), ["a"]);
    const consumer = await buffer.consumer();
    const late = await leaseOne(consumer, t, t.timing.leaseMs);
    const current = await leaseOne(consumer, t);
    await rejects(late.extend(60_000), "LEASE_LOST", "the extend of the lease that ran out");
    await current.ack();
  }),

  rule(
    "LEASE-8 moves an item to the dead letters at failuresMax, with its reason and its bytes",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 2, failuresMax: 3 });
      await put(await buffer.producer(), ["poison", "fine"]);
      const consumer = await buffer.consumer();
      for (let failures = 0; failures < 3; failures++) {
        const lease = await leaseOne(consumer, t);
        equal(
          { value: lease.value, failures: lease.failures },
          { value: "poison", failures },
          `lease ${failures + 1}`,
        );
        await lease.nack({ reason: `attempt ${failures + 1}` });
      }
      equal(await takeAll(buffer, 1, t), ["fine"], "what came out next");
      const letters = await buffer.deadLetters().list();
      const told = letters.map((one) => ({
        value: one.decode(),
        reason: one.reason,
        deliveries: one.deliveries,
        failures: one.failures,
      }));
      equal(told, [{ value: "poison", reason: "attempt 3", deliveries: 3, failures: 3 }], "the dead letters");
      const { dead, ready, leased } = await buffer.counts();
      equal({ dead, ready, leased }, { dead: 1, ready: 0, leased: 0 }, "the counts");
    },
  ),

  rule("LEASE-9 counts an expiry as a failure, and says so in the dead letter", async (t) => {
    const { buffer } = await t.stage({ capacity: 1, failuresMax: 1 });
    await put(await buffer.producer(), ["slow"]);
    await leaseOne(await buffer.consumer(), t, t.timing.leaseMs);
    await t.until(
      async () => (await buffer.counts()).dead === 1,
      "an item whose only lease ran out becomes a dead letter",
    );
    const [letter] = await buffer.deadLetters().list();
    equal(letter?.reason, "lease expired", "the reason of the dead letter");
    equal((await buffer.counts()).leased, 0, "the number of leased items");
  }),

  rule(
    "LEASE-10 parks what is due while the dead letters are full, and moves it on when they have room",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 4, deadLettersMax: 1 });
      await put(await buffer.producer(), ["a", "b", "c"]);
      const consumer = await buffer.consumer();
      for (const reason of ["first", "second", "third"]) await (await leaseOne(consumer, t)).bury(reason);
      const seen = async () => {
        const { dead, parked, ready, leased, discarded } = await buffer.counts();
        return { dead, parked, ready, leased, discarded };
      };
      equal(
        await seen(),
        { dead: 1, parked: 2, ready: 0, leased: 0, discarded: 0 },
        "the counts with three buried",
      );
      equal(await consumer.tryTake(), "empty" as never, "tryTake with only parked items there");
      for (const [n, reason] of ["first", "second", "third"].entries()) {
        const [letter] = await buffer.deadLetters().list();
        equal(letter?.reason, reason, `dead letter ${n + 1}`);
        isTrue(letter !== undefined, "Expected a dead letter");
        await buffer.deadLetters().remove(letter.sequence);
      }
      equal(await seen(), { dead: 0, parked: 0, ready: 0, leased: 0, discarded: 3 }, "the counts at the end");
    },
  ),

  rule("LEASE-11 drops nothing where there are no dead letters at all", async (t) => {
    const { buffer } = await t.stage({ capacity: 3, deadLettersMax: 0, failuresMax: 1 });
    await put(await buffer.producer(), ["a", "b"]);
    const consumer = await buffer.consumer();
    await (await leaseOne(consumer, t)).nack({ reason: "bad" });
    await (await leaseOne(consumer, t)).bury("worse");
    const { parked, dead, discarded } = await buffer.counts();
    equal({ parked, dead, discarded }, { parked: 2, dead: 0, discarded: 0 }, "the counts");
    equal(await buffer.deadLetters().list(), [], "the dead letters");
  }),

  rule("LEASE-12 keeps a nacked item back for its delay, during which it counts as leased", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    await put(await buffer.producer(), ["a"]);
    const consumer = await buffer.consumer();
    const delayMs = t.timing.leaseMs;
    await (await leaseOne(consumer, t)).nack({ reason: "later", delayMs });
    const nacked = performance.now();
    const { leased, ready } = await buffer.counts();
    equal({ leased, ready }, { leased: 1, ready: 0 }, "the counts during the delay");
    equal(await consumer.tryTake(), "empty" as never, "tryTake during the delay");
    const again = await leaseOne(consumer, t);
    // One millisecond for the rounding of timers.
    isTrue(
      performance.now() - nacked >= delayMs - 1,
      `Expected the item not before its delay of ${delayMs} ms`,
    );
    equal(again.failures, 1, "the failures of the item");
    await again.ack();
  }),

  rule("LEASE-13 lets the same settlement be repeated, and refuses a different one", async (t) => {
    const { buffer } = await t.stage({ capacity: 4, failuresMax: 10 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["a"]);
    const acked = await leaseOne(consumer, t);
    await acked.ack();
    await t.soon(acked.ack(), "a second ack");
    await rejects(acked.nack({ reason: "late" }), "LEASE_LOST", "a nack after an ack");
    await rejects(acked.release(), "LEASE_LOST", "a release after an ack");
    await rejects(acked.extend(1000), "LEASE_LOST", "an extend after an ack");
    await put(producer, ["b"]);
    const nacked = await leaseOne(consumer, t);
    await nacked.nack({ reason: "again" });
    await t.soon(nacked.nack({ reason: "again" }), "a second nack");
    await rejects(nacked.ack(), "LEASE_LOST", "an ack after a nack");
    const { consumed, ready, leased } = await buffer.counts();
    equal({ consumed, ready, leased }, { consumed: 1, ready: 1, leased: 0 }, "the counts");
    const again = await leaseOne(consumer, t);
    equal(again.failures, 1, "the failures after two equal nacks");
    await again.ack();
  }),

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

  rule("LEASE-15 settles each lease of a leaseMany for itself", async (t) => {
    const { buffer } = await t.stage({ capacity: 4 });
    await put(await buffer.producer(), ["ack", "nack", "release", "bury"]);
    const consumer = await buffer.consumer();
    const leases = await t.soon(consumer.leaseMany(4), "leaseMany of 4");
    equal(leases.length, 4, "the number of leases");
    const [ack, nack, release, bury] = leases;
    await t.soon(
      Promise.all([ack?.ack(), nack?.nack({ reason: "again" }), release?.release(), bury?.bury("bad")]),
      "four settlements at once",
    );
    const { ready, leased, dead, consumed } = await buffer.counts();
    equal({ ready, leased, dead, consumed }, { ready: 2, leased: 0, dead: 1, consumed: 1 }, "the counts");
  }),

  rule("LEASE-16 requeues a dead letter at the tail, as if it had never been tried", async (t) => {
    const { buffer } = await t.stage({ capacity: 3, failuresMax: 1 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["bad", "b"]);
    await (await leaseOne(consumer, t)).nack({ reason: "bad" });
    const letters = buffer.deadLetters();
    const [letter] = await letters.list();
    isTrue(letter !== undefined, "Expected a dead letter");
    await put(producer, ["c", "d"]);
    equal(await letters.requeue(letter.sequence), "full", "requeue into a full buffer");
    equal((await letters.list()).length, 1, "the number of dead letters after a requeue that found no room");
    await takeAll(buffer, 1, t);
    equal(await letters.requeue(letter.sequence), "requeued", "requeue with room");
    equal(await letters.requeue(letter.sequence), "missing", "requeue of what is no dead letter any more");
    checkLedger(await buffer.counts(), 3, "after a requeue");
    equal((await buffer.counts()).produced, 4, "the number of items produced: a requeue produces none");
    equal(await takeAll(buffer, 2, t), ["c", "d"], "what comes before the requeued item");
    const again = await leaseOne(consumer, t);
    const { value, deliveries, failures } = again;
    equal({ value, deliveries, failures }, { value: "bad", deliveries: 1, failures: 0 }, "the requeued item");
    await again.nack({ reason: "still bad" });
    const [second] = await letters.list();
    isTrue(second !== undefined, "Expected a dead letter again");
    await buffer.seal();
    await rejects(
      Promise.resolve(letters.requeue(second.sequence)),
      "BUFFER_SEALED",
      "requeue into a sealed buffer",
    );
  }),

  rule(
    "LEASE-17 lists dead letters from the oldest on, page by page, and removes them as discarded",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 5 });
      await put(await buffer.producer(), [1, 2, 3, 4, 5]);
      const consumer = await buffer.consumer();
      const leases = await t.soon(consumer.leaseMany(5), "leaseMany of 5");
      for (const lease of leases) await lease.bury(`bad ${String(lease.value)}`);
      const letters = buffer.deadLetters();
      const seen: unknown[] = [];
      for (let after = 0; ; ) {
        const page = await letters.list({ max: 2, after });
        const last = page.at(-1);
        if (last === undefined) break;
        isTrue(page.length <= 2, `Expected pages of at most 2, got ${page.length}`);
        seen.push(...page.map((letter) => letter.decode()));
        after = last.sequence;
      }
      equal(seen, [1, 2, 3, 4, 5], "the dead letters, page by page");
      const [first] = await letters.list({ max: 1 });
      isTrue(first !== undefined, "Expected a dead letter");
      equal(await letters.remove(first.sequence), "removed", "remove");
      equal(await letters.remove(first.sequence), "missing", "remove once more");
      const { dead, discarded } = await buffer.counts();
      equal({ dead, discarded }, { dead: 4, discarded: 1 }, "the counts");
    },
  ),

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
    "LEASE-19 answers forged and foreign tokens with lost, one answer for each settlement, in order",
    async (t) => {
      const { port, another } = await t.bare({ capacity: 4 });
      const stranger = await (await another()).consumer();
      const consumer = await port.consumer();
      await offerAll(await port.producer(), 1, [bytesOf(1), bytesOf(2)]);
      const [mine, theirs] = [
        await pollOne(consumer, { leaseMs: 60_000 }),
        await pollOne(stranger, { leaseMs: 60_000 }),
      ];
      const token = mine.token as number;
      const answers = await consumer.settle([
        { kind: "ack", token: "forged" },
        { kind: "extend", token, leaseMs: 60_000 },
        { kind: "ack", token: 987_654_321 },
        { kind: "ack", token },
        { kind: "ack", token },
      ]);
      equal(answers, ["lost", "settled", "lost", "settled", "lost"], "five settlements");
      equal(
        await stranger.settle([{ kind: "ack", token: theirs.token as number }]),
        ["settled"],
        "the stranger's own ack",
      );
      equal((await port.counts()).consumed, 2, "the number of items consumed");
    },
  ),

  rule("LEASE-20 gives each hand-out a token of its own, and a plain poll none", async (t) => {
    const { port } = await t.bare({ capacity: 2, failuresMax: 1000 });
    const consumer = await port.consumer();
    await offerAll(await port.producer(), 1, [bytesOf(1)]);
    const tokens = new Set<unknown>();
    for (let i = 0; i < 50; i++) {
      const { token } = await pollOne(consumer, { leaseMs: 60_000 });
      isTrue(token !== undefined && !tokens.has(token), `Expected a fresh token, got ${String(token)}`);
      tokens.add(token);
      await consumer.settle([{ kind: i % 2 === 0 ? "nack" : "release", token, reason: "again", delayMs: 0 }]);
    }
    const plain = await consumer.poll(1, waiting(0));
    equal(
      plain.deliveries.map((one) => one.token),
      [undefined],
      "the token of a plain poll",
    );
  }),

  rule("LEASE-21 keeps the item of leases() while its body runs, however long", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    await put(await stage.buffer.producer(), ["a"]);
    await stage.buffer.seal();
    const consumer = await stage.buffer.consumer();
    const other = await (await stage.another()).consumer();
    let bodies = 0;
    let thief: Promise<{ done: boolean }> | undefined;
    for await (const lease of consumer.leases({ leaseMs: t.timing.leaseMs * 3 })) {
      bodies++;
      thief = other.take();
      await sleep(t.timing.leaseMs * 9);
      await lease.ack();
    }
    equal(bodies, 1, "the number of times the body ran");
    isTrue(
      (await t.soon(thief ?? fail("Expected a lease"), "another consumer's take")).done === true,
      "Expected the other consumer to see only the end",
    );
  }),
];
