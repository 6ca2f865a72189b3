/** WAIT, many at once: no wake-up is lost, and nobody starves. */

import { setImmediate as turn } from "node:timers/promises";
import { isBufferError } from "@sluice/core";
import { equal, fail, isTrue } from "../kit/expect.js";
import { takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const wakeUpRules: readonly Rule[] = [
  rule(
    "WAIT-12 loses no wake-up: as many items as waiting takes complete them all",
    async (t) => {
      const stage = await t.stage({ capacity: 3 });
      const buffers = [stage.buffer, await stage.another(), await stage.another()];
      for (const _trial of t.tries(8, 500)) {
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
    "WAIT-13 starves nobody: of several consumers that wait for every item, each gets at least half of an equal share",
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
      // Crossbeam's rule for its own threads (tests/list.rs, fairness). Who waits longest is not promised the next item.
      const least = Math.min(...shares);
      const enough = Math.floor(items / shares.length / 2);
      isTrue(
        least >= enough,
        `Expected each of 4 consumers to get ${enough} of ${items} items, they got ${shares}`,
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
    // On a fast medium thousands of items; on a slow one, as many as come in a while.
    const end = performance.now() + 2_000;
    let items = 0;
    while (items < 4_000 && performance.now() < end) {
      const some = Array.from({ length: 100 }, (_, i) => i);
      const puts = (async () => {
        for (const i of some) await producer.put(i);
      })();
      const takes = (async () => {
        for (const _ of some) await consumer.take();
      })();
      await t.soon(Promise.all([puts, takes]), "100 puts and takes");
      items += some.length;
    }
    isOver = true;
    await counting;
    // "At least every few hundred synchronous completions."
    isTrue(
      turns >= items / 1000,
      `Expected at least ${items / 1000} turns of the event loop in ${items} items, it had ${turns}`,
    );
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
          (error: unknown) => {
            if (!isBufferError(error, "WAIT_TIMED_OUT")) throw error;
          },
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
