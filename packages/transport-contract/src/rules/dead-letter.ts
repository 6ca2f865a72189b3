/** LEASE, where items fail: at failuresMax to the dead letters, parked while these are full, never dropped. */

import { equal, isTrue, rejects } from "../kit/expect.js";
import { checkLedger, leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const deadLetterRules: readonly Rule[] = [
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

  rule(
    "LEASE-22 moves on the parked item of the smallest sequence first, whichever was parked first",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 4, deadLettersMax: 1 });
      await put(await buffer.producer(), ["a", "b", "c"]);
      const consumer = await buffer.consumer();
      const [a, b, c] = [
        await leaseOne(consumer, t),
        await leaseOne(consumer, t),
        await leaseOne(consumer, t),
      ];
      await b.bury("fills the list");
      await c.bury("parked first");
      await a.bury("parked last");
      for (const reason of ["fills the list", "parked last", "parked first"]) {
        const [letter] = await buffer.deadLetters().list();
        equal(letter?.reason, reason, "the only dead letter");
        isTrue(letter !== undefined, "Expected a dead letter");
        await buffer.deadLetters().remove(letter.sequence);
      }
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

  rule(
    "LEASE-24 keeps the reason of a dead letter as it was given, a very long one from its start",
    async (t) => {
      const reasons = ["", "é😀 ‮", 'a "b"\n\u0000\\', "x".repeat(100), `long ${"y".repeat(5000)}`];
      const { buffer } = await t.stage({ capacity: reasons.length });
      await put(await buffer.producer(), reasons);
      const consumer = await buffer.consumer();
      for (const reason of reasons) await (await leaseOne(consumer, t)).bury(reason);
      const letters = await buffer.deadLetters().list();
      const kept = letters.map((letter) => letter.reason);
      equal(kept.slice(0, -1), reasons.slice(0, -1), "the reasons");
      const last = kept.at(-1) ?? "";
      const isStart = last.length >= 64 && (reasons.at(-1) ?? "").startsWith(last.replace(/…$/, ""));
      isTrue(
        isStart,
        `Expected the start of a long reason, got ${last.length} characters: ${last.slice(0, 80)}`,
      );
    },
  ),
];
