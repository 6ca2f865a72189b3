/** COUNT: the transport's own record, against what its users wrote down. */

import { setImmediate as turn } from "node:timers/promises";
import { recordInMemory } from "@sluice/history-checker";
import { fail } from "../kit/expect.js";
import { peakFault } from "../kit/peak-fault.js";
import { type Rule, rule } from "../rule.js";

export const peakRules: readonly Rule[] = [
  rule("COUNT-6 records a peak that fits what its users wrote down", async (t) => {
    // Far from full, so that "as many as fit" is no answer.
    const stage = await t.stage({ capacity: 40 });
    const history = recordInMemory();
    const work = async (name: string) => {
      const recorder = history.recorder(name);
      const buffer = await stage.another();
      const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
      let n = 0;
      for (let round = t.trials(15); round > 0; round--) {
        const items = 1 + t.random.below(3);
        for (let i = 0; i < items; i++) {
          const value = `${name}-${++n}`;
          const end = recorder.begin("put", { value });
          await producer.put(value);
          end("ok");
          if (t.random.chance(0.3)) await turn();
        }
        // As many as were put, so there is one for everybody, be it somebody else's.
        for (let i = 0; i < items; i++) {
          const end = recorder.begin("take");
          const got = await consumer.take();
          if (got.done) fail("Expected an item, the end came");
          end("ok", { value: got.value as string });
        }
      }
    };
    await t.soon(Promise.all(["producer-1", "producer-2", "producer-3"].map(work)), "three at work");
    const { peak } = await stage.buffer.counts();
    const fault = peakFault(peak, t.harness.capabilities.peak, history.operations());
    if (fault !== undefined) fail(fault);
  }),
];
