/** LIFE, at the end: close is this handle's affair, destroy everybody's. */

import { equal, isTrue, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const closeAndDestroyRules: readonly Rule[] = [
  rule("LIFE-7 settles the waiting calls of a handle that is closed, and disturbs no other", async (t) => {
    const [full, empty] = [await t.stage({ capacity: 1 }), await t.stage({ capacity: 1 })];
    await put(await full.buffer.producer(), ["a"]);
    const closing = [await full.another(), await empty.another()];
    const own = [
      (await closing[0]?.producer())?.put("b"),
      (await closing[1]?.consumer())?.take(),
      closing[1]?.drained(),
    ];
    const others = [(await full.buffer.producer()).put("c"), (await empty.buffer.consumer()).take()];
    const outcomes = own.map((call) =>
      rejects(t.soon<unknown>(call, "a call of the closed handle"), "HANDLE_CLOSED", "it"),
    );
    await t.staysPending(Promise.race([...outcomes, ...others]), "puts while full and takes while empty");
    for (const buffer of closing) await t.soon(buffer.close(), "close");
    await t.soon(Promise.all(outcomes), "the calls of the closed handles");
    await t.staysPending(Promise.race(others), "the calls of the other handles");
    await put(await empty.buffer.producer(), ["d"]);
    equal(
      await t.soon(others[1] as Promise<unknown>, "the other's take"),
      { done: false, value: "d" },
      "what it got",
    );
    equal(await takeAll(full.buffer, 2, t), ["a", "c"], "what came out: nothing of the closed handle's put");
  }),

  rule("LIFE-8 refuses every call on a closed handle, at once", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const buffer = await stage.another();
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await buffer.close();
    const calls: Record<string, () => Promise<unknown>> = {
      put: () => producer.put(1),
      tryPut: () => producer.tryPut(1),
      putMany: () => producer.putMany([1]),
      take: () => consumer.take(),
      tryTake: () => consumer.tryTake(),
      takeMany: () => consumer.takeMany(1),
      lease: () => consumer.lease(),
      tryLease: () => consumer.tryLease(),
      leaseMany: () => consumer.leaseMany(1),
      producer: () => buffer.producer(),
      consumer: () => buffer.consumer(),
      seal: () => buffer.seal(),
      counts: async () => buffer.counts(),
      drained: () => buffer.drained(),
      deadLetters: async () => buffer.deadLetters().list(),
    };
    for (const [name, call] of Object.entries(calls)) {
      await rejects(t.soon((async () => call())(), name), "HANDLE_CLOSED", `${name} on a closed handle`);
    }
    const { produced, sealed } = await stage.buffer.counts();
    equal({ produced, sealed }, { produced: 0, sealed: false }, "the counts of the buffer");
  }),

  rule("LIFE-9 closes one producer or consumer without touching the others of its handle", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const [gone, stays] = [await buffer.producer(), await buffer.producer()];
    const [goneToo, staysToo] = [await buffer.consumer(), await buffer.consumer()];
    const waitingTake = goneToo.take();
    const outcome = rejects(
      t.soon(waitingTake, "the take"),
      "HANDLE_CLOSED",
      "the waiting take of the closed consumer",
    );
    await t.staysPending(outcome, "a take from the empty buffer");
    await gone.close();
    await goneToo.close();
    await outcome;
    await rejects(gone.put(1), "HANDLE_CLOSED", "a put of the closed producer");
    await stays.put("a");
    equal(
      await t.soon(staysToo.take(), "a take of the other consumer"),
      { done: false, value: "a" },
      "what it got",
    );
  }),

  rule("LIFE-10 lets close, destroy and seal be repeated", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const other = await stage.another();
    const [producer, consumer] = [await other.producer(), await other.consumer()];
    for (let i = 0; i < 2; i++) {
      await t.soon(producer.close(), "a producer's close");
      await t.soon(consumer.close(), "a consumer's close");
      await t.soon(other.close(), "a handle's close");
    }
    const third = await stage.another();
    for (let i = 0; i < 2; i++) await t.soon(stage.buffer.destroy(), "destroy");
    await t.soon(third.destroy(), "another handle's destroy of what is gone");
    await t.soon(stage.buffer.close(), "close after destroy");
  }),

  rule(
    "LIFE-11 tells every other handle that the buffer was destroyed, those that wait at once",
    async (t) => {
      const [full, empty] = [await t.stage({ capacity: 1 }), await t.stage({ capacity: 1 })];
      await put(await full.buffer.producer(), ["a"]);
      const [fuller, emptier] = [await full.another(), await empty.another()];
      const producer = await fuller.producer();
      const consumer = await emptier.consumer();
      const calls = [producer.put("b"), consumer.take(), consumer.lease(), emptier.drained()];
      const outcomes = calls.map((call) =>
        rejects(t.soon<unknown>(call, "a waiting call"), "BUFFER_DESTROYED", "a waiting call"),
      );
      await t.staysPending(Promise.race(outcomes), "calls that wait");
      await full.buffer.destroy();
      await empty.buffer.destroy();
      await Promise.all(outcomes);
      await rejects(t.soon(producer.put("c"), "a put"), "BUFFER_DESTROYED", "a put after the destroy");
      await rejects(t.soon(consumer.take(), "a take"), "BUFFER_DESTROYED", "a take after the destroy");
      await rejects(
        t.soon((async () => fuller.counts())(), "counts"),
        "BUFFER_DESTROYED",
        "counts after the destroy",
      );
      await rejects(t.soon(fuller.seal(), "a seal"), "BUFFER_DESTROYED", "a seal after the destroy");
      await t.soon(fuller.close(), "close of a handle on a destroyed buffer");
    },
  ),

  rule("LIFE-12 leaves nothing behind at the place of a destroyed buffer", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const other = await stage.another();
    await put(await stage.buffer.producer(), ["a", "b"]);
    await (await other.consumer()).lease();
    await other.close();
    await stage.buffer.destroy();
    await rejects(t.openBuffer(stage.transport), "BUFFER_NOT_FOUND", "open after the destroy");
    equal((await t.harness.leftovers?.(stage.transport)) ?? [], [], "what the destroy left behind");
  }),

  rule(
    "LIFE-13 keeps a later buffer at the same place safe from participants of the earlier one",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const old = await stage.another();
      const [producer, consumer] = [await old.producer({ id: "p" }), await old.consumer()];
      await producer.put("old");
      const held = await t.soon(consumer.lease(), "a lease of the earlier buffer");
      const address = stage.buffer.address;
      await stage.buffer.destroy();
      const fresh = await t.createBuffer(stage.transport, { capacity: 2 });
      t.defer(() => fresh.destroy());
      await put(await fresh.producer(), ["new"]);
      await rejects(
        t.soon(producer.put("late"), "a put"),
        "BUFFER_DESTROYED",
        "a put of the earlier buffer's producer",
      );
      await rejects(
        t.soon(consumer.take(), "a take"),
        "BUFFER_DESTROYED",
        "a take of the earlier buffer's consumer",
      );
      isTrue(!held.done, "Expected the lease to hold an item");
      await t.soon(
        held.value.ack().catch(() => {}),
        "an ack of the earlier buffer's lease",
      );
      await t.soon(
        old.seal().catch(() => {}),
        "a seal of the earlier buffer's handle",
      );
      await t.soon(old.destroy(), "a destroy by the earlier buffer's handle");
      await rejects(t.openAddress(address), "BUFFER_NOT_FOUND", "open of the earlier buffer's address");
      const { ready, produced, consumed, sealed } = await fresh.counts();
      equal(
        { ready, produced, consumed, sealed },
        { ready: 1, produced: 1, consumed: 0, sealed: false },
        "the later buffer",
      );
      equal(await takeAll(fresh, 1, t), ["new"], "what came out of the later buffer");
    },
  ),
];
