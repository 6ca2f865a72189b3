/** STRESS: the same promises at a size that takes a while. Nothing here runs unless it is asked for. */

import { setImmediate as turn } from "node:timers/promises";
import { checkHistory, recordInMemory } from "@sluice/history-checker";
import type { RuleContext } from "../kit/context.js";
import { equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger, put, takeAll } from "../kit/face.js";
import { takesOf } from "../kit/judge.js";
import { peakFault } from "../kit/peak-fault.js";
import { resourcesInUse } from "../kit/resources.js";
import { type Rule, rule } from "../rule.js";

const SHAPES = [
  [1, 1],
  [1, 4],
  [4, 1],
  [4, 4],
] as const;
const CAPACITIES = [1, 2, 5, 64, 1024];
/** Of the signal time, for one of the flows: all of them have to be through in the time of one rule. */
const FLOW_SIGNALS = 0.25;

export const stressRules: readonly Rule[] = [
  stressRule(
    "STRESS-1 keeps bound, order and account from one or several producers to one or several consumers, at any capacity",
    async (t) => {
      for (const [producers, consumers] of SHAPES) {
        for (const capacity of CAPACITIES)
          await flow(t, { capacity, producers, consumers, items: t.trials(20_000) });
      }
    },
  ),

  stressRule(
    "STRESS-2 serves a hundred producers and a hundred consumers, each on its own handle",
    async (t) => {
      await flow(t, { capacity: 5, producers: 100, consumers: 100, items: t.trials(20_000) });
    },
  ),

  stressRule(
    "STRESS-3 holds no more memory, descriptors or timers after many cycles than after few",
    async (t) => {
      const cycle = async (times: number) => {
        for (let i = 0; i < times; i++) {
          const stage = await t.stage({ capacity: 4 });
          const other = await stage.another();
          await put(await stage.buffer.producer(), [1, 2, 3, 4]);
          const waiting = (await other.producer()).put(5);
          equal(await takeAll(other, 5, t), [1, 2, 3, 4, 5], "what came out of one of many buffers");
          await t.soon(waiting, "the waiting put");
          await (await other.consumer()).take({ timeoutMs: 1 }).catch(() => {});
          await other.close();
          await stage.buffer.destroy();
        }
      };
      const cycles = t.trials(40);
      await cycle(cycles);
      const before = await resourcesInUse();
      await cycle(cycles * 3);
      // What is closed may take a moment to go.
      await t.until(
        async () => {
          const after = await resourcesInUse();
          return after.descriptors <= before.descriptors + 4 && after.others <= before.others + 4;
        },
        `no more than the ${JSON.stringify(before)} in use after ${cycles} cycles is in use after ${cycles * 4}`,
      );
      const grown = (await resourcesInUse()).heapBytes - before.heapBytes;
      // The kit itself keeps a handle or two of each, to clear away.
      const most = cycles * 3 * 40_000;
      isTrue(
        grown <= most,
        `Expected at most ${most} bytes more after ${cycles * 3} more cycles, got ${grown}`,
      );
    },
  ),

  stressRule("STRESS-4 holds no more memory after many items than after few", async (t) => {
    const stage = await t.stage({ capacity: 16 });
    const [producer, consumer] = [await stage.buffer.producer(), await stage.buffer.consumer()];
    const pass = async (items: number) => {
      for (let i = 0; i < items; i += 16) {
        await t.soon(producer.putMany(Array.from({ length: 16 }, () => "x".repeat(500))), "a putMany");
        for (const lease of await t.soon(consumer.leaseMany(16), "a leaseMany")) await lease.ack();
        while ((await stage.buffer.counts()).ready > 0) await consumer.take();
      }
    };
    const items = t.trials(4_000);
    await pass(items);
    const before = await resourcesInUse();
    await pass(items * 3);
    const grown = (await resourcesInUse()).heapBytes - before.heapBytes;
    // A tenth of what passed through: less than any memory of each item would take.
    const most = Math.max(4_000_000, (items * 3 * 500) / 10);
    isTrue(grown <= most, `Expected at most ${most} bytes more after ${items * 3} more items, got ${grown}`);
  }),

  stressRule("STRESS-5 loses nothing when handles come and go in dozens while items flow", async (t) => {
    const stage = await t.stage({ capacity: 8, failuresMax: 1_000_000 });
    const items = t.trials(600);
    const taken: string[] = [];
    const produce = async (name: string) => {
      for (let n = 0; n < items; ) {
        const buffer = await stage.another();
        const producer = await buffer.producer();
        for (let i = t.random.below(4); i >= 0 && n < items; i--) await producer.put(`${name}-${n++}`);
        await buffer.close();
      }
    };
    const consume = async () => {
      for (;;) {
        const buffer = await stage.another();
        const consumer = await buffer.consumer();
        for (let i = t.random.below(4); i >= 0; i--) {
          const got = await consumer.lease({ leaseMs: 60_000 });
          if (got.done) return;
          // Some leave with their lease in hand, which gives it back.
          if (t.random.chance(0.1)) break;
          await got.value.ack();
          taken.push(got.value.value as string);
        }
        await buffer.close();
      }
    };
    const names = ["a", "b", "c", "d"];
    const consumers = names.map(consume);
    await t.within(Promise.all(names.map(produce)), 10, "four producers that come and go");
    await stage.buffer.seal();
    await t.within(Promise.all(consumers), 10, "four consumers that come and go");
    const expected = names.flatMap((name) => Array.from({ length: items }, (_, n) => `${name}-${n}`));
    equal([...taken].sort(), expected.sort(), "what came out");
    checkLedger(await stage.buffer.counts(), 8, "at the end");
  }),
];

function stressRule(title: string, run: (t: RuleContext) => Promise<void>): Rule {
  return rule(title, run, { level: "stress" });
}

interface Flow {
  readonly capacity: number;
  readonly producers: number;
  readonly consumers: number;
  /** Of all producers together. */
  readonly items: number;
}

/** Items from producers to consumers, each on its own handle; the whole history is judged. */
async function flow(t: RuleContext, { capacity, producers, consumers, items }: Flow): Promise<void> {
  const stage = await t.stage({ capacity });
  const history = recordInMemory();
  const perProducer = Math.ceil(items / producers);
  // On a fast medium all of them; on a slow one, as many as come in a while.
  const end = performance.now() + t.timing.signalMs * FLOW_SIGNALS;
  let accepted = 0;
  const produce = async (name: string) => {
    const recorder = history.recorder(name);
    const producer = await (await stage.another()).producer();
    for (let n = 1; n <= perProducer && performance.now() < end; n++) {
      const value = `${name}-${n}`;
      const told = recorder.begin("put", { value });
      await producer.put(value);
      told("ok");
      accepted++;
      if (t.random.chance(0.05)) await turn();
    }
  };
  const consume = async (name: string) => {
    const recorder = history.recorder(name);
    const consumer = await (await stage.another()).consumer();
    for (;;) {
      const end = recorder.begin("take");
      const got = await consumer.take();
      if (got.done) return end("end");
      end("ok", { value: got.value as string });
      if (t.random.chance(0.05)) await turn();
    }
  };
  const crew = (count: number, work: (name: string) => Promise<void>, what: string) =>
    Array.from({ length: count }, (_, i) => work(`${what}-${i + 1}`));
  const consuming = crew(consumers, consume, "consumer");
  const what = `${producers} producers and ${consumers} consumers at capacity ${capacity}`;
  await t.within(Promise.all(crew(producers, produce, "producer")), 10, what);
  await stage.buffer.seal();
  await t.within(Promise.all(consuming), 10, what);
  const operations = history.operations();
  const violations = checkHistory(operations, { capacity, ...takesOf(t.harness.capabilities) });
  if (violations.length > 0) fail(`With ${what}:\n${violations.map((one) => one.message).join("\n")}`);
  const counts = await stage.buffer.counts();
  checkLedger(counts, capacity, `with ${what}`);
  equal(counts.consumed, accepted, `the number of items consumed, with ${what}`);
  const fault = peakFault(counts.peak, t.harness.capabilities.peak, operations);
  if (fault !== undefined) fail(fault);
  await stage.buffer.destroy();
}
