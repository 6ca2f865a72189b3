/** SEAL, while others put and take: two outcomes, no third. */

import { setImmediate as turn } from "node:timers/promises";
import { isBufferError } from "@sluice/core";
import { describe, equal, fail } from "../kit/expect.js";
import { type Rule, rule } from "../rule.js";

export const sealRaceRules: readonly Rule[] = [
  rule(
    "SEAL-5 gives a put that races the seal two outcomes: delivered, or sealed and absent",
    async (t) => {
      for (const _trial of t.tries(10, 2000)) {
        const stage = await t.stage({ capacity: 1 + t.random.below(4) });
        const accepted: string[] = [];
        const produce = async (name: string) => {
          const producer = await (await stage.another()).producer();
          for (let n = 0; ; n++) {
            try {
              await producer.put(`${name}-${n}`);
              accepted.push(`${name}-${n}`);
            } catch (error) {
              if (isBufferError(error, "BUFFER_SEALED")) return;
              fail(`Expected a put to resolve or to be sealed out, it rejected with ${describe(error)}`);
            }
          }
        };
        const taken: unknown[] = [];
        const consume = async () => {
          for await (const value of await (await stage.another()).consumer()) taken.push(value);
        };
        const workers = [produce("a"), produce("b"), consume(), consume()];
        for (let turns = t.random.below(12); turns > 0; turns--) await turn();
        await stage.buffer.seal();
        await t.soon(Promise.all(workers), "producers and consumers, after the seal");
        equal([...taken].sort(), [...accepted].sort(), "what came out, against the puts that resolved");
        equal((await stage.buffer.counts()).consumed, accepted.length, "the number of items consumed");
        await stage.buffer.destroy();
      }
    },
    { level: "stochastic" },
  ),

  rule(
    "SEAL-6 loses nothing of a takeMany or leaseMany that races it",
    async (t) => {
      for (const _trial of t.tries(10, 500)) {
        const stage = await t.stage({ capacity: 6 });
        const count = t.random.below(7);
        const [first, second] = [await stage.buffer.consumer(), await (await stage.another()).consumer()];
        const values = Array.from({ length: count }, (_, i) => i);
        const batch = first.takeMany(4);
        const leases = second.leaseMany(4);
        if (t.random.chance(0.5)) await turn();
        const producer = await stage.buffer.producer();
        const putting = Promise.all([
          count === 0 ? 0 : producer.putMany(values),
          t.random.chance(0.5) ? turn() : null,
        ]);
        await t.soon(putting, "putMany with room");
        await stage.buffer.seal();
        // An open lease holds the end back, which the takeMany may be waiting for.
        const acked = leases.then(async (held) => {
          await Promise.all(held.map((lease) => lease.ack()));
          return held.map((lease) => lease.value);
        });
        const held = await t.soon(acked, "leaseMany and its acks, after the seal");
        const taken = await t.soon(batch, "takeMany, after the seal");
        const rest: unknown[] = [];
        for await (const value of await stage.buffer.consumer()) rest.push(value);
        const all = [...taken, ...held, ...rest];
        equal([...all].sort(), values, "what came out of takeMany, leaseMany and later takes");
        await stage.buffer.destroy();
      }
    },
    { level: "stochastic" },
  ),

  rule(
    "SEAL-14 never tells the end early: not while an accepted item has still to come out",
    async (t) => {
      for (const _trial of t.tries(10, 1000)) {
        const stage = await t.stage({ capacity: 2 });
        const [producer, consumer] = [
          await stage.buffer.producer(),
          await (await stage.another()).consumer(),
        ];
        const seen: unknown[] = [];
        const consuming = (async () => {
          for await (const value of consumer) seen.push(value);
        })();
        if (t.random.chance(0.5)) await turn();
        const count = t.random.below(4);
        for (let i = 0; i < count; i++) await producer.put(i);
        if (t.random.chance(0.5)) await turn();
        await stage.buffer.seal();
        await t.soon(consuming, "the consumer, after the seal");
        equal(
          seen,
          Array.from({ length: count }, (_, i) => i),
          "what the consumer saw before the end",
        );
        await stage.buffer.destroy();
      }
    },
    { level: "stochastic" },
  ),
];
