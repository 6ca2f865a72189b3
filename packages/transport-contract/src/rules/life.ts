/** LIFE: create and open; who may have what is there. */

import type { BoundedBuffer } from "@sluice/core";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { getsTheEnd, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const lifeRules: readonly Rule[] = [
  rule("LIFE-1 refuses to create where there is a buffer, and leaves that one alone", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    await put(await stage.buffer.producer(), ["a"]);
    await rejects(
      t.createBuffer(stage.transport, { capacity: 2 }),
      "BUFFER_EXISTS",
      "a second create with the same settings",
    );
    await rejects(
      t.createBuffer(stage.transport, { capacity: 9 }),
      "BUFFER_EXISTS",
      "a second create with other settings",
    );
    const { ready, produced } = await stage.buffer.counts();
    equal({ ready, produced }, { ready: 1, produced: 1 }, "the counts of the first buffer");
    equal(stage.buffer.spec.capacity, 2, "the capacity of the first buffer");
  }),

  rule("LIFE-2 refuses to open where there is none, and creates nothing", async (t) => {
    const transport = await t.transport();
    await rejects(t.openBuffer(transport), "BUFFER_NOT_FOUND", "open of a fresh place");
    await rejects(t.openBuffer(transport), "BUFFER_NOT_FOUND", "open of it once more");
    equal((await t.harness.leftovers?.(transport)) ?? [], [], "what the open left behind");
    const buffer = await t.createBuffer(transport, { capacity: 1 });
    await buffer.destroy();
  }),

  rule("LIFE-3 refuses to open with other settings, naming both, and changes nothing", async (t) => {
    const stage = await t.stage({ capacity: 5, failuresMax: 3 });
    const error = await rejects(
      t.openBuffer(stage.transport, { capacity: 6 }),
      "SETTINGS_MISMATCH",
      "open with capacity 6",
    );
    isTrue(
      /5/.test(error.message) && /6/.test(error.message),
      `Expected the message to name 5 and 6, got: ${error.message}`,
    );
    const opened = t.openOrCreateBuffer(stage.transport, { capacity: 5, failuresMax: 4 });
    await rejects(opened, "SETTINGS_MISMATCH", "openOrCreate with failuresMax 4 instead of 3");
    const same = await t.openBuffer(stage.transport, { capacity: 5, failuresMax: 3 });
    await same.close();
    equal(stage.buffer.spec.capacity, 5, "the capacity of the buffer");
  }),

  rule("LIFE-4 creates with openOrCreate where there is none, and opens where there is one", async (t) => {
    const transport = await t.transport();
    const [first, second] = [
      await t.openOrCreateBuffer(transport, { capacity: 3 }),
      await t.openOrCreateBuffer(transport, { capacity: 3 }),
    ];
    t.defer(() => first.destroy());
    await put(await first.producer(), ["a"]);
    equal(await takeAll(second, 1, t), ["a"], "what came out of the second handle");
    await second.close();
  }),

  rule("LIFE-5 lets one of several creates at once succeed", async (t) => {
    const transport = await t.transport();
    const creates = await Promise.allSettled(
      [1, 2, 3, 4].map(() => t.createBuffer(transport, { capacity: 2 })),
    );
    const made = creates.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    for (const buffer of made) t.defer(() => buffer.destroy());
    for (const one of creates) {
      if (one.status === "rejected")
        await rejects(Promise.reject(one.reason), "BUFFER_EXISTS", "a create that came second");
    }
    equal(made.length, 1, "the number of creates that succeeded");
    await put((await made[0]?.producer()) ?? fail("Expected a buffer"), ["works"]);
  }),

  rule("LIFE-6 keeps two buffers apart", async (t) => {
    const [one, two] = [await t.stage({ capacity: 2 }), await t.stage({ capacity: 3 })];
    await put(await one.buffer.producer(), ["one"]);
    await put(await two.buffer.producer(), ["two"]);
    const waitingTake = (await one.buffer.consumer()).takeMany(2);
    equal(await t.soon(waitingTake, "takeMany from the first"), ["one"], "what came out of the first");
    await one.buffer.seal();
    equal((await two.buffer.counts()).sealed, false, "sealed, in the counts of the second");
    await one.buffer.destroy();
    equal(await takeAll(two.buffer, 1, t), ["two"], "what came out of the second");
  }),

  rule(
    "LIFE-16 is a place: items, order and seal are there for whoever comes when everybody has left",
    async (t) => {
      const transport = await t.transport();
      const first = await t.createBuffer(transport, { capacity: 3 });
      await put(await first.producer(), [1, 2, 3]);
      await first.seal();
      await first.close();
      const second = await t.openBuffer(transport);
      t.defer(() => second.destroy());
      equal(await takeAll(second, 3, t), [1, 2, 3], "what came out for one who came later");
      await getsTheEnd((await second.consumer()).take(), t, "a take of what was sealed before");
    },
  ),

  rule("LIFE-20 lets participants come and go while items flow, with nothing lost", async (t) => {
    const stage = await t.stage({ capacity: 3 });
    const items = t.trials(60);
    const taken: unknown[] = [];
    const consuming = (async () => {
      while (taken.length < items) {
        const buffer: BoundedBuffer<unknown> = await stage.another();
        const consumer = await buffer.consumer();
        for (let i = t.random.below(3); i >= 0 && taken.length < items; i--) {
          const got = await consumer.take();
          if (!got.done) taken.push(got.value);
        }
        await buffer.close();
      }
    })();
    for (let n = 0; n < items; ) {
      const buffer = await stage.another();
      const producer = await buffer.producer();
      for (let i = t.random.below(3); i >= 0 && n < items; i--) await t.soon(producer.put(n++), `put ${n}`);
      await buffer.close();
    }
    await t.soon(consuming, "the consumers");
    equal(
      taken,
      Array.from({ length: items }, (_, i) => i),
      "what came out",
    );
  }),
];
