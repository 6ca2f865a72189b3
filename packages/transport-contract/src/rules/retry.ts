/** RETRY, at the port: a put that is sent again takes effect once, and an id has one holder. */

import { isBufferError } from "@sluice/core";
import { bytesOf, offerAll, waiting } from "../kit/context.js";
import { describe, equal, fail, isTrue, print, rejects } from "../kit/expect.js";
import { takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const retryRules: readonly Rule[] = [
  rule(
    "RETRY-1 answers an item that was accepted before as accepted, and puts no second one in",
    async (t) => {
      const { port } = await t.bare({ capacity: 4 });
      const producer = await port.producer("p");
      for (let i = 0; i < 3; i++) {
        equal(
          await producer.offer(1, [bytesOf(7)], waiting(0)),
          { accepted: 1, state: "open" },
          `offer ${i + 1} of the same`,
        );
      }
      const { produced, ready } = await port.counts();
      equal({ produced, ready }, { produced: 1, ready: 1 }, "the counts after three offers of one item");
    },
  ),

  rule(
    "RETRY-2 answers a retry also while full, also while others wait, and after the item was taken",
    async (t) => {
      const { port, another } = await t.bare({ capacity: 1 });
      const producer = await port.producer("p");
      await offerAll(producer, 1, [bytesOf(1)]);
      const other = await (await another()).producer();
      const behind = offerAll(other, 1, [bytesOf(2)], waiting(Infinity, t.over));
      await t.staysPending(behind, "another producer's offer into the full buffer");
      const accepted = { accepted: 1, state: "open" as const };
      equal(
        await t.soon(producer.offer(1, [bytesOf(1)], waiting(0)), "a retry"),
        accepted,
        "a retry while full",
      );
      const consumer = await port.consumer();
      equal((await consumer.poll(1, waiting(0))).deliveries.length, 1, "the number of items taken");
      await t.soon(behind, "the other producer's offer, with room");
      equal(
        await t.soon(producer.offer(1, [bytesOf(1)], waiting(0)), "a retry"),
        accepted,
        "a retry after the take",
      );
      equal((await port.counts()).produced, 2, "the number of items produced");
    },
  ),

  rule(
    "RETRY-3 answers a retry of an accepted item also after the seal, and a new item as sealed",
    async (t) => {
      const { port } = await t.bare({ capacity: 4 });
      const producer = await port.producer("p");
      await offerAll(producer, 1, [bytesOf(1), bytesOf(2)]);
      await port.seal({ discard: false });
      equal(
        await producer.offer(1, [bytesOf(1), bytesOf(2)], waiting(0)),
        { accepted: 2, state: "open" },
        "a retry of both",
      );
      equal(
        await producer.offer(2, [bytesOf(2)], waiting(0)),
        { accepted: 1, state: "open" },
        "a retry of the second",
      );
      equal(
        await producer.offer(2, [bytesOf(2), bytesOf(3)], waiting(0)),
        { accepted: 1, state: "sealed" },
        "a retry and a new one",
      );
      equal(await producer.offer(3, [bytesOf(3)], waiting(0)), { accepted: 0, state: "sealed" }, "a new one");
      equal((await port.counts()).produced, 2, "the number of items produced");
    },
  ),

  rule("RETRY-4 takes the rest of a retried batch, of which only the front was accepted", async (t) => {
    const { port } = await t.bare({ capacity: 3 });
    const producer = await port.producer("p");
    const items = [1, 2, 3, 4, 5].map((n) => bytesOf(n));
    equal(
      await producer.offer(1, items, waiting(0)),
      { accepted: 3, state: "full", fullBy: "items" },
      "five into three",
    );
    const consumer = await port.consumer();
    await consumer.poll(1, waiting(0));
    equal(
      await producer.offer(1, items, waiting(0)),
      { accepted: 4, state: "full", fullBy: "items" },
      "all five again",
    );
    await consumer.poll(3, waiting(0));
    equal(
      await producer.offer(3, items.slice(2), waiting(0)),
      { accepted: 3, state: "open" },
      "the last three",
    );
    const polled = await consumer.poll(5, waiting(0));
    equal(
      polled.deliveries.map((one) => [...one.item]),
      [[5]],
      "what is left",
    );
    equal((await port.counts()).produced, 5, "the number of items produced");
  }),

  rule("RETRY-5 refuses a gap in a producer's sequence, and accepts nothing of it", async (t) => {
    const { port } = await t.bare({ capacity: 4 });
    const producer = await port.producer("p");
    await offerAll(producer, 1, [bytesOf(1)]);
    const offer = (async () => producer.offer(3, [bytesOf(3)], waiting(0)))();
    await rejects(offer, "INVALID_ARGUMENT", "an offer of sequence 3 after 1");
    equal((await port.counts()).produced, 1, "the number of items produced");
    equal(
      (await producer.offer(2, [bytesOf(2)], waiting(0))).accepted,
      1,
      "the number accepted of sequence 2",
    );
  }),

  rule(
    "RETRY-6 refuses the earlier holder of an id once a newer one is registered, also if it waits",
    async (t) => {
      const { port, another } = await t.bare({ capacity: 1 });
      const old = await port.producer("p");
      await offerAll(old, 1, [bytesOf(1)]);
      const waitingOffer = offerAll(old, 2, [bytesOf(2)], waiting(Infinity, t.over));
      const outcome = waitingOffer.then(
        () => "accepted",
        (error: unknown) =>
          isBufferError(error, "HANDLE_CLOSED")
            ? "refused"
            : fail(`Expected HANDLE_CLOSED, got ${describe(error)}`),
      );
      await t.staysPending(outcome, "the earlier holder's offer into the full buffer");
      const current = await (await another()).producer("p");
      equal(current.lastSequence, 1, "the last sequence that the newer holder is told");
      await (await port.consumer()).poll(1, waiting(0));
      equal(await t.soon(outcome, "the earlier holder's offer"), "refused", "the earlier holder's offer");
      const late = (async () => old.offer(2, [bytesOf(2)], waiting(0)))();
      await rejects(late, "HANDLE_CLOSED", "another offer of the earlier holder");
      equal(
        (await current.offer(2, [bytesOf(3)], waiting(0))).accepted,
        1,
        "the number accepted from the newer holder",
      );
      equal((await port.counts()).produced, 2, "the number of items produced");
    },
  ),

  rule("RETRY-7 tells a producer that comes back under its id what was accepted last", async (t) => {
    const stage = await t.stage({ capacity: 5 });
    for (const last of [0, 2, 4]) {
      const buffer = await stage.another();
      const producer = await buffer.producer({ id: "p" });
      equal(producer.lastSequence, last, "the last sequence at registration");
      await producer.put(last + 1);
      await producer.put(last + 2);
      await (await stage.buffer.consumer()).takeMany(2);
      await (last === 2 ? producer : buffer).close();
    }
    equal((await stage.buffer.counts()).produced, 6, "the number of items produced");
  }),

  rule("RETRY-8 numbers each id for itself, and those without an id too", async (t) => {
    const { port } = await t.bare({ capacity: 8 });
    const producers = [
      await port.producer("a"),
      await port.producer("b"),
      await port.producer(),
      await port.producer(),
    ];
    for (const [n, producer] of producers.entries()) {
      equal(producer.lastSequence, 0, "the last sequence of a new producer");
      await offerAll(producer, 1, [bytesOf(n), bytesOf(n + 10)]);
    }
    const { deliveries } = await (await port.consumer()).poll(8, waiting(0));
    equal(
      deliveries.map((one) => one.item[0]),
      [0, 10, 1, 11, 2, 12, 3, 13],
      "what came out",
    );
    const sequences = deliveries.map((one) => one.sequence);
    isTrue(
      sequences.every((one, i) => i === 0 || one > (sequences[i - 1] ?? 0)),
      `Expected one rising sequence, got ${sequences}`,
    );
  }),

  rule("RETRY-9 tells ids apart, however odd, and harms nothing with one", async (t) => {
    const stage = await t.stage({ capacity: 40 });
    const ids = [
      "a",
      "A",
      " a",
      "a ",
      "é",
      "e\u0301",
      "😀",
      "../../a",
      "/tmp/a",
      "a/b",
      "..",
      "a\nb",
      "a\u0000b",
      "%61",
      "__proto__",
      "constructor",
      "0",
      "x".repeat(200),
      `${"x".repeat(199)}y`,
    ];
    for (const [n, id] of ids.entries()) {
      const producer = await (await stage.another()).producer({ id });
      equal(producer.lastSequence, 0, `the last sequence of the new id ${print(id)}`);
      for (let i = 0; i <= n % 2; i++) await t.soon(producer.put(id), `a put of ${print(id)}`);
      await producer.close();
    }
    for (const [n, id] of ids.entries()) {
      const again = await stage.buffer.producer({ id });
      equal(again.lastSequence, 1 + (n % 2), `the last sequence of ${print(id)}, come back`);
      await again.close();
    }
    const expected = ids.flatMap((id, n) => (n % 2 === 0 ? [id] : [id, id]));
    equal(await takeAll(stage.buffer, expected.length, t), expected, "what came out");
  }),
];
