/** LIFE, where opening, closing and destroying overlap: each call has an outcome, and nothing is left half open. */

import { type BoundedBuffer, isBufferError } from "@sluice/core";
import { describe, equal, fail } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const overlapRules: readonly Rule[] = [
  rule(
    "LIFE-22 opens several handles at once, each its own, also while others are being closed",
    async (t) => {
      const stage = await t.stage({ capacity: 6 });
      for (let round = 0; round < 3; round++) {
        const opening = [1, 2, 3].map(() => t.openBuffer(stage.transport));
        const [one, two, three] = await t.soon(Promise.all(opening), "three opens at once");
        const closing = one?.close();
        const fourth = t.openBuffer(stage.transport);
        await t.soon(Promise.all([closing, three?.close()]), "two closes, with an open between");
        const last = await t.soon(fourth, "an open during a close");
        await put((await two?.producer()) ?? fail("Expected a handle"), ["two"]);
        await put(await last.producer(), ["last"]);
        equal(await takeAll(last, 2, t), ["two", "last"], "what came out of the handles that are open");
        await Promise.all([two?.close(), last.close()]);
      }
      const { waitingConsumers, waitingProducers } = await stage.buffer.counts();
      equal(
        { waitingConsumers, waitingProducers },
        { waitingConsumers: 0, waitingProducers: 0 },
        "who waits",
      );
    },
  ),

  rule(
    "LIFE-23 settles what a close or a destroy overtakes: opens, registrations and first calls",
    async (t) => {
      for (const how of ["close", "destroy"] as const) {
        for (let round = 0; round < 3; round++) {
          const stage = await t.stage({ capacity: 2 });
          const handle = await stage.another();
          // All of it in one turn: the end overtakes some, and others overtake it.
          const calls: Record<string, Promise<unknown>> = {
            "a put": handle.producer().then((producer) => producer.put("a")),
            "a take": handle.consumer().then((consumer) => consumer.take()),
            "an open": t
              .openBuffer(stage.transport)
              .then((late) => late.counts().finally(() => late.close())),
          };
          const end = how === "close" ? handle.close() : handle.destroy();
          const outcomes = Object.entries(calls).map(([what, call]) => {
            // What is refused is refused because of the end, and not in some other way.
            const outcome = call.catch((error: unknown) => {
              if (isBufferError(error) && ENDED.has(error.code)) return;
              fail(
                `Expected ${what}, overtaken by a ${how}, to resolve or be refused, got ${describe(error)}`,
              );
            });
            return t.soon(outcome, `${what}, overtaken by a ${how}`);
          });
          await Promise.all(outcomes);
          await t.soon(end, `the ${how}`);
          if (how === "close") await stillWorks(t, stage.buffer);
          await stage.buffer.destroy();
        }
      }
    },
  ),
];

const ENDED: ReadonlySet<string> = new Set([
  "HANDLE_CLOSED",
  "BUFFER_DESTROYED",
  "BUFFER_NOT_FOUND",
  "OUTCOME_UNKNOWN",
]);

type Waits = Parameters<typeof takeAll>[2];

async function stillWorks(t: Waits, buffer: BoundedBuffer<unknown>): Promise<void> {
  const { ready, leased } = await buffer.counts();
  equal(leased, 0, "the number of leases of a handle that was closed");
  if (ready > 0) await takeAll(buffer, ready, t);
  await put(await buffer.producer(), ["b"]);
  equal(await takeAll(buffer, 1, t), ["b"], "what comes out for others after the close");
}
