/** COUNT: every item is accounted for, at every instant. */

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { recordInMemory } from "@sluice/history-checker";
import { equal, isTrue } from "../kit/expect.js";
import { checkLedger, leaseOne, put, takeAll } from "../kit/face.js";
import { judge } from "../kit/judge.js";
import { type Rule, rule } from "../rule.js";

export const countRules: readonly Rule[] = [
  rule(
    "COUNT-1 puts 9 in, takes 9 out and leaves 0, with 2 producers, 2 consumers and a capacity of 5",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      const accepted: string[] = [];
      const taken: unknown[] = [];
      const produce = async (name: string, items: number) => {
        const producer = await (await stage.another()).producer();
        for (let n = 1; n <= items; n++) {
          await producer.put(`${name}-${n}`);
          accepted.push(`${name}-${n}`);
          if (t.random.chance(0.5)) await turn();
        }
      };
      const consume = async () => {
        for await (const value of await (await stage.another()).consumer()) {
          taken.push(value);
          if (t.random.chance(0.5)) await turn();
        }
      };
      const consumers = [consume(), consume()];
      await t.soon(Promise.all([produce("producer-1", 5), produce("producer-2", 4)]), "the producers");
      await stage.buffer.seal();
      await t.soon(Promise.all([...consumers, stage.buffer.drained()]), "the consumers and drained()");
      equal([...taken].sort(), [...accepted].sort(), "what came out");
      const { produced, consumed, ready, leased, parked, peak } = await stage.buffer.counts();
      equal(
        { produced, consumed, ready, leased, parked },
        { produced: 9, consumed: 9, ready: 0, leased: 0, parked: 0 },
        "the counts",
      );
      isTrue(peak <= 5, `Expected a peak of at most 5, got ${peak}`);
    },
  ),

  rule(
    "COUNT-2 hands each item to exactly one consumer, whatever they mix, and keeps the bound",
    async (t) => {
      const capacity = 5;
      const stage = await t.stage({ capacity, failuresMax: 1_000_000 });
      const history = recordInMemory();
      const items = t.trials(60);
      const produce = async (name: string) => {
        const recorder = history.recorder(name);
        const producer = await (await stage.another()).producer();
        for (let n = 1; n <= items; n++) {
          const value = `${name}-${n}`;
          for (;;) {
            const end = recorder.begin("put", { value });
            const answer = t.random.chance(0.3)
              ? await producer.tryPut(value)
              : await producer.put(value).then(() => "accepted");
            end(answer === "accepted" ? "ok" : (answer as "full" | "sealed"));
            if (answer === "accepted") break;
            await turn();
          }
        }
      };
      const consume = async (name: string) => {
        const recorder = history.recorder(name);
        const consumer = await (await stage.another()).consumer();
        for (;;) {
          if (t.random.chance(0.3)) {
            const end = recorder.begin("take");
            const got = await consumer.tryTake();
            if (got === "empty") end("empty");
            else if (got.done) return end("end");
            else end("ok", { value: got.value as string });
            await turn();
            continue;
          }
          const end = recorder.begin("lease", { leaseMs: 60_000 });
          const got = await consumer.lease({ leaseMs: 60_000 });
          if (got.done) return end("end");
          const { value, deliveries } = got.value as { value: string; deliveries: number };
          end("ok", { value, deliveries });
          if (t.random.chance(0.5)) await turn();
          const settle = t.random.pick(["ack", "ack", "nack", "release"] as const);
          const done = recorder.begin(settle, { value, deliveries });
          if (settle === "nack") await got.value.nack({ reason: "again" });
          else await got.value[settle]();
          done("ok");
        }
      };
      let isOver = false;
      const sample = async () => {
        const buffer = await stage.another();
        while (!isOver) {
          checkLedger(await buffer.counts(), capacity, "while items flow");
          // Often, but not so often that nobody else has a turn.
          await sleep(1);
        }
      };
      const sampling = sample();
      const consumers = [consume("consumer-1"), consume("consumer-2"), consume("consumer-3")];
      const all = Promise.all([produce("producer-1"), produce("producer-2")]).then(async () => {
        const end = history.recorder("owner").begin("seal");
        await stage.buffer.seal();
        end("ok");
        await Promise.all(consumers);
      });
      await t.within(Promise.race([all, sampling.then(() => all)]), 4, "producers, consumers and the seal");
      isOver = true;
      await sampling;
      judge(history.operations(), capacity, t.harness.capabilities);
      const { produced, consumed } = await stage.buffer.counts();
      equal({ produced, consumed }, { produced: 2 * items, consumed: 2 * items }, "the counts");
    },
  ),

  rule(
    "COUNT-3 balances the ledger after every step: put, lease, nack, bury, park, requeue, remove, seal, discard",
    async (t) => {
      const capacity = 5;
      const { buffer } = await t.stage({ capacity, deadLettersMax: 1, failuresMax: 2 });
      const producer = await buffer.producer();
      const consumer = await buffer.consumer();
      const steps: string[] = [];
      const expected = { ready: 0, leased: 0, parked: 0, dead: 0, discarded: 0, produced: 0, consumed: 0 };
      const check = async (step: string, change: Partial<typeof expected>) => {
        steps.push(step);
        for (const [name, by] of Object.entries(change)) expected[name as keyof typeof expected] += by;
        const counts = await buffer.counts();
        const when = `after ${steps.join(", ")}`;
        checkLedger(counts, capacity, when);
        const { ready, leased, parked, dead, discarded, produced, consumed } = counts;
        equal({ ready, leased, parked, dead, discarded, produced, consumed }, expected, `the counts ${when}`);
      };
      await check("create", {});
      await put(producer, ["a", "b", "c", "d"]);
      await check("four puts", { ready: 4, produced: 4 });
      await consumer.take();
      await check("a take", { ready: -1, consumed: 1 });
      const [b, c] = [await leaseOne(consumer, t), await leaseOne(consumer, t)];
      await check("two leases", { ready: -2, leased: 2 });
      await b.nack({ reason: "again" });
      await check("a nack", { ready: 1, leased: -1 });
      await (await leaseOne(consumer, t)).nack({ reason: "again" });
      await check("the nack that is one too many", { ready: -1, dead: 1 });
      await c.bury("bad");
      await check("a bury, parked", { leased: -1, parked: 1 });
      await (await leaseOne(consumer, t)).release();
      await check("a release", {});
      const letters = buffer.deadLetters();
      const [first] = await letters.list();
      await letters.requeue(first?.sequence ?? 0);
      await check("a requeue, which lets the parked one move on", { ready: 1, parked: -1 });
      const [second] = await letters.list();
      await letters.remove(second?.sequence ?? 0);
      await check("a remove", { dead: -1, discarded: 1 });
      await (await leaseOne(consumer, t)).ack();
      await check("an ack", { ready: -1, consumed: 1 });
      const last = await leaseOne(consumer, t);
      await check("a lease", { ready: -1, leased: 1 });
      await put(producer, ["e", "f"]);
      await check("two puts", { ready: 2, produced: 2 });
      await buffer.seal();
      await check("a seal", {});
      await buffer.seal({ discard: true });
      await check("a seal that discards", { ready: -2, discarded: 2 });
      await last.release();
      await check("a release after the discard", { leased: -1, discarded: 1 });
    },
  ),

  rule("COUNT-4 tells every handle the same", async (t) => {
    const stage = await t.stage({ capacity: 5 });
    await put(await stage.buffer.producer(), [1, 2, 3]);
    await takeAll(stage.buffer, 1, t);
    const other = await stage.another();
    equal(await other.counts(), await stage.buffer.counts(), "the counts of another handle");
    await put(await other.producer(), [4]);
    await stage.buffer.seal();
    equal(await other.counts(), await stage.buffer.counts(), "the counts of another handle after a seal");
  }),

  rule("COUNT-5 counts no more waiting calls than there are, and none when none waits", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const buffers = [stage.buffer, await stage.another()];
    const seen = async () => {
      const { waitingProducers, waitingConsumers } = await stage.buffer.counts();
      return { waitingProducers, waitingConsumers };
    };
    equal(await seen(), { waitingProducers: 0, waitingConsumers: 0 }, "the waiting calls at first");
    const takes = await Promise.all(
      buffers.map(async (buffer) => ({ call: (await buffer.consumer()).take() })),
    );
    await t.pause();
    const { waitingConsumers } = await seen();
    isTrue(waitingConsumers <= 2, `Expected at most 2 waiting consumers, got ${waitingConsumers}`);
    const producer = await stage.buffer.producer();
    // One for each of them, whichever comes first.
    for (const _ of takes) await producer.put("a");
    for (const { call } of takes) await t.soon(call, "a waiting take");
    await producer.put("b");
    const puts = await Promise.all(
      buffers.map(async (buffer) => ({ call: (await buffer.producer()).put("c") })),
    );
    await t.pause();
    const { waitingProducers } = await seen();
    isTrue(waitingProducers <= 2, `Expected at most 2 waiting producers, got ${waitingProducers}`);
    await takeAll(stage.buffer, 3, t);
    for (const { call } of puts) await t.soon(call, "a waiting put");
    await t.until(async () => {
      const { waitingProducers: producers, waitingConsumers: consumers } = await seen();
      return producers === 0 && consumers === 0;
    }, "no call is counted as waiting when none waits");
  }),
];
