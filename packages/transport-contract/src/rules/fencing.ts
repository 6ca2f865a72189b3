/** LEASE, who may settle: the holder of the current token, once. */

import { isBufferError } from "@sluice/core";
import { bytesOf, offerAll, pollOne, waiting } from "../kit/context.js";
import { equal, isTrue, rejects } from "../kit/expect.js";
import { leaseOne, put } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const fencingRules: readonly Rule[] = [
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

  rule("LEASE-7 refuses to extend a lease that ran out and was handed on", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    await put(await buffer.producer(), ["a"]);
    const consumer = await buffer.consumer();
    const late = await leaseOne(consumer, t, t.timing.leaseMs);
    const current = await leaseOne(consumer, t);
    await rejects(late.extend(60_000), "LEASE_LOST", "the extend of the lease that ran out");
    await current.ack();
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

  rule(
    "LEASE-23 aborts the signal of a lease that is lost, by its time or with its handle, and of no other",
    async (t) => {
      const stage = await t.stage({ capacity: 4 });
      await put(await stage.buffer.producer(), ["settled", "held", "late"]);
      const handle = await stage.another();
      const consumer = await handle.consumer();
      const settled = await leaseOne(consumer, t);
      const held = await leaseOne(consumer, t);
      const late = await leaseOne(consumer, t, t.timing.leaseMs);
      const signals = [settled.signal, held.signal, late.signal];
      await settled.ack();
      await t.until(() => late.signal.aborted, "the signal of a lease that ran out is aborted");
      const current = await leaseOne(await stage.buffer.consumer(), t);
      equal(current.value, "late", "what is handed out again");
      isTrue(
        isBufferError(late.signal.reason, "LEASE_LOST"),
        "Expected the signal's reason to be LEASE_LOST",
      );
      equal(
        signals.map(({ aborted }) => aborted),
        [false, false, true],
        "which signals are aborted, of one settled, one held and one late",
      );
      await handle.close();
      equal(
        signals.map(({ aborted }) => aborted),
        [false, true, true],
        "which signals are aborted once the handle is closed",
      );
      await current.ack();
    },
  ),
];
