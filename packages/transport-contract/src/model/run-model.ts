/** One random run: each step is done to the buffer and to the model, and both must say the same. */

import type { Consumer, Lease, Producer } from "@sluice/core";
import type { RuleContext } from "../kit/context.js";
import { equal, fail, print } from "../kit/expect.js";
import { checkLedger } from "../kit/face.js";
import { messageOf } from "../verdict-text.js";
import { ArrayBufferModel, type ModelItem } from "./array-buffer-model.js";

interface Held {
  readonly lease: Lease<unknown>;
  readonly item: ModelItem;
}

export async function runModel(t: RuleContext, options: { leases: boolean; steps: number }): Promise<void> {
  const { random } = t;
  const spec = {
    capacity: 1 + random.below(5),
    failuresMax: 1 + random.below(3),
    deadLettersMax: random.below(3),
  };
  const stage = await t.stage(spec);
  const model = new ArrayBufferModel(spec);
  const buffers = [stage.buffer, await stage.another()];
  const producers: Producer<unknown>[] = await Promise.all(buffers.map((buffer) => buffer.producer()));
  const consumers: Consumer<unknown>[] = await Promise.all(buffers.map((buffer) => buffer.consumer()));
  const held: Held[] = [];
  const trace: string[] = [];
  let next = 0;
  let where = 0;

  const producer = () => producers[where] as Producer<unknown>;
  const consumer = () => consumers[where] as Consumer<unknown>;
  const agree = (seen: unknown, expected: unknown) => {
    trace.push(`${print(seen)}`);
    if (print(seen) !== print(expected))
      fail(`Expected ${print(expected)} as in the model, got ${print(seen)}`);
  };
  const end = () => (model.isDrained ? { done: true } : "empty");

  const steps: Record<string, () => Promise<void>> = {
    async put() {
      const value = ++next;
      agree(await producer().tryPut(value), model.put(value));
    },
    async putMany() {
      const values = Array.from({ length: 1 + random.below(4) }, () => ++next);
      const answers = values.map((value) => model.put(value));
      const accepted = answers.filter((answer) => answer === "accepted").length;
      const put = producer().putMany(values, { timeoutMs: 0 });
      const told = await put.catch((error: { code?: string }) => error.code);
      agree(told, accepted > 0 ? accepted : answers[0] === "sealed" ? "BUFFER_SEALED" : "WAIT_TIMED_OUT");
    },
    async take() {
      const item = model.take();
      agree(await consumer().tryTake(), item ? { done: false, value: item.value } : end());
    },
    async takeMany() {
      const max = 1 + random.below(4);
      const items: ModelItem[] = [];
      for (let item = model.ready[0]; item !== undefined && items.length < max; item = model.ready[0]) {
        items.push(item);
        model.take();
      }
      const told = await consumer()
        .takeMany(max, { timeoutMs: 0 })
        .catch((error: { code?: string }) => error.code);
      agree(
        told,
        items.length > 0 ? items.map((item) => item.value) : model.isDrained ? [] : "WAIT_TIMED_OUT",
      );
    },
  };
  const leaseSteps: Record<string, () => Promise<void>> = {
    async lease() {
      const item = model.lease();
      const got = await consumer().tryLease();
      if (got === "empty" || got.done) return agree(got, item ? item.value : end());
      const { value, deliveries, failures } = got.value;
      agree(
        { value, deliveries, failures },
        item && { value: item.value, deliveries: item.deliveries, failures: item.failures },
      );
      if (item) held.push({ lease: got.value, item });
    },
    async settle() {
      const one = held.splice(random.below(held.length), 1)[0];
      if (one === undefined) return;
      const kind = random.pick(["ack", "nack", "nack", "release", "bury"] as const);
      const reason = `step ${trace.length}`;
      trace.push(`${kind} ${one.item.value}`);
      model.settle(one.item, kind, reason);
      if (kind === "nack") await one.lease.nack({ reason });
      else if (kind === "bury") await one.lease.bury(reason);
      else await one.lease[kind]();
    },
    async deadLetters() {
      const letters = await stage.buffer.deadLetters().list();
      agree(
        letters.map((letter) => [letter.decode(), letter.reason]),
        model.dead.map((item) => [item.value, item.reason]),
      );
      const [letter, item] = [letters[0], model.dead[0]];
      if (letter === undefined || item === undefined) return;
      if (random.chance(0.5) || model.sealed) {
        model.remove(item);
        agree(await stage.buffer.deadLetters().remove(letter.sequence), "removed");
      } else agree(await stage.buffer.deadLetters().requeue(letter.sequence), model.requeue(item));
    },
  };

  const names = [
    ...Object.keys(steps),
    ...(options.leases ? ["lease", "lease", "settle", "settle", "deadLetters"] : []),
  ];
  const all = { ...steps, ...leaseSteps };
  const step = async (name: string, run: () => Promise<void>) => {
    where = random.below(2);
    trace.push(`\n  ${trace.length + 1} ${name}:`);
    try {
      await t.soon(run(), name);
      const counts = await stage.buffer.counts();
      checkLedger(counts, spec.capacity, "after it");
      const { ready, leased, parked, dead, discarded, produced, consumed } = counts;
      const seen = { ready, leased, parked, dead, discarded, produced, consumed };
      equal(
        seen,
        {
          ready: model.ready.length,
          leased: model.leased.length,
          parked: model.parked.length,
          dead: model.dead.length,
          discarded: model.discarded,
          produced: model.produced,
          consumed: model.consumed,
        },
        "the counts",
      );
      if (t.harness.capabilities.peak === "exact") equal(counts.peak, model.peak, "the peak");
    } catch (error) {
      fail(
        `${messageOf(error)}\nin the last of these steps, with ${print(spec)}:${trace.slice(-60).join(" ")}`,
      );
    }
  };

  for (let i = 0; i < options.steps; i++) {
    const name = random.pick(names);
    await step(name, all[name] as () => Promise<void>);
  }
  const discard = options.leases && random.chance(0.3);
  await step(`seal, ${discard ? "with" : "without"} discard`, async () => {
    agree(await stage.buffer.seal({ discard }), model.seal(discard));
  });
  while (held.length > 0) await step("settle", leaseSteps["settle"] as () => Promise<void>);
  while (!model.isDrained) await step("take", steps["take"] as () => Promise<void>);
  await step("put", steps["put"] as () => Promise<void>);
  await stage.buffer.destroy();
}
