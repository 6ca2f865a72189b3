/** WAIT, with an abort: nothing happened, or the call resolves; and the next in line is not forgotten. */

import { setImmediate as turn } from "node:timers/promises";
import { equal, fail, isTrue, rejectsWith } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

export const abortRules: readonly Rule[] = [
  rule("WAIT-6 does nothing for a signal that is aborted already, even if it could", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await put(producer, ["a"]);
    const reason = new Error("the caller's own");
    const signal = AbortSignal.abort(reason);
    await rejectsWith(producer.put("b", { signal }), reason, "put");
    await rejectsWith(producer.putMany(["b"], { signal }), reason, "putMany");
    await rejectsWith(consumer.take({ signal }), reason, "take");
    await rejectsWith(consumer.takeMany(2, { signal }), reason, "takeMany");
    await rejectsWith(consumer.lease({ signal }), reason, "lease");
    const { ready, leased, produced, consumed } = await buffer.counts();
    equal(
      { ready, leased, produced, consumed },
      { ready: 1, leased: 0, produced: 1, consumed: 0 },
      "the counts afterwards",
    );
  }),

  rule("WAIT-7 enqueues nothing for a put that is aborted while it waits", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const producer = await buffer.producer();
    await put(producer, ["a"]);
    const abort = new AbortController();
    const reason = new Error("the caller's own");
    const aborted = producer.put("b", { signal: abort.signal });
    const next = producer.put("c");
    await t.staysPending(aborted, "a put into the full buffer");
    abort.abort(reason);
    await rejectsWith(t.soon(aborted, "the aborted put"), reason, "the aborted put");
    equal(await takeAll(buffer, 2, t), ["a", "c"], "what came out");
    await t.soon(next, "the put that waited behind the aborted one");
    equal((await buffer.counts()).produced, 2, "the number of items produced");
  }),

  rule("WAIT-8 takes nothing for a take that is aborted while it waits", async (t) => {
    const stage = await t.stage({ capacity: 2 });
    const consumer = await stage.buffer.consumer();
    const abort = new AbortController();
    const reason = new Error("the caller's own");
    const take = consumer.take({ signal: abort.signal });
    const lease = (await stage.buffer.consumer()).lease({ signal: abort.signal });
    await t.staysPending(Promise.race([take, lease]), "a take and a lease from the empty buffer");
    abort.abort(reason);
    await rejectsWith(t.soon(take, "the aborted take"), reason, "the aborted take");
    await rejectsWith(t.soon(lease, "the aborted lease"), reason, "the aborted lease");
    await put(await stage.buffer.producer(), ["a", "b"]);
    await t.pause();
    const { ready, leased, consumed } = await stage.buffer.counts();
    equal({ ready, leased, consumed }, { ready: 2, leased: 0, consumed: 0 }, "the counts after two puts");
    equal(await takeAll(stage.buffer, 2, t), ["a", "b"], "what came out");
  }),

  rule("WAIT-9 hands the wake-up of an aborted call on to the next that waits", async (t) => {
    const stage = await t.stage({ capacity: 1 });
    const producer = await stage.buffer.producer();
    for (const trial of t.tries(10, 200)) {
      let waiting = 0;
      const onWait = () => {
        waiting++;
      };
      const handles = [stage.buffer, await stage.another()] as const;
      const consumers = await Promise.all([handles[0].consumer({ onWait }), handles[1].consumer({ onWait })]);
      const abort = new AbortController();
      const first = consumers[0].take({ signal: abort.signal });
      const second = consumers[1].take();
      const outcome = first.then(
        (got) => got,
        () => "aborted" as const,
      );
      const when = t.random.pick(["at once", "in a turn", "when both wait"] as const);
      if (when === "in a turn") await turn();
      // However slow the machine is: else the wake-up may always come before there is anybody to be woken.
      if (when === "when both wait") await t.until(() => waiting === 2, "both takes wait");
      const putting = producer.put(trial);
      if (t.random.chance(0.5)) await turn();
      abort.abort(new Error("enough"));
      await t.soon(putting, "the put");
      if ((await t.soon(outcome, "the take that was aborted")) === "aborted") {
        equal(
          await t.soon(second, "the take behind the aborted one"),
          { done: false, value: trial },
          "what it got",
        );
      } else {
        // The commit won: the item went to the first, so the second waits for another.
        await t.soon(producer.put("more"), "one more put");
        await t.soon(second, "the take behind, with one more item");
      }
      for (const consumer of consumers) await consumer.close();
    }
  }),

  rule(
    "WAIT-10 tells the truth about a call whose abort races its commit",
    async (t) => {
      const stage = await t.stage({ capacity: 4 });
      const producer = await stage.buffer.producer();
      const consumer = await stage.buffer.consumer();
      const believed: number[] = [];
      const taken: unknown[] = [];
      for (const trial of t.tries(50, 5000)) {
        const abort = new AbortController();
        const { signal } = abort;
        const putting = producer.put(trial, { signal }).then(
          () => void believed.push(trial),
          (error: unknown) =>
            isTrue(error === signal.reason, `Expected the caller's reason, got ${String(error)}`),
        );
        const taking = consumer.take({ signal }).then(
          (got) => void (got.done ? fail("Expected an item, the end came") : taken.push(got.value)),
          (error: unknown) =>
            isTrue(error === signal.reason, `Expected the caller's reason, got ${String(error)}`),
        );
        for (let turns = t.random.below(4); turns > 0; turns--) await (t.random.chance(0.5) ? turn() : null);
        abort.abort(new Error("enough"));
        await t.soon(Promise.all([putting, taking]), "a put and a take that were aborted");
        // Room for the next trial, whatever this one left.
        while ((await stage.buffer.counts()).ready > 2) taken.push(...(await takeAll(stage.buffer, 1, t)));
      }
      taken.push(...(await takeAll(stage.buffer, (await stage.buffer.counts()).ready, t)));
      equal(taken, believed, "what came out, against the puts that resolved");
    },
    { level: "stochastic" },
  ),
];
