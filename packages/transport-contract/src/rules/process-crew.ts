/** PROC, producers and consumers at work; the bound is looked at in three ways, and the history is judged. */

import { readHistory } from "@sluice/history-checker";
import { Marks } from "../chaos/marks.js";
import type { RuleContext, Stage } from "../kit/context.js";
import { equal, fail, isTrue } from "../kit/expect.js";
import { historyFolder } from "../kit/history-folder.js";
import { judge } from "../kit/judge.js";
import { peakFault } from "../kit/peak-fault.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processCrewRules: readonly Rule[] = [
  rule(
    "PROC-1 puts 9 in, takes 9 out and leaves 0, with 2 producer and 2 consumer processes and a capacity of 5",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      await runCrew(t, stage, {
        capacity: 5,
        itemsOf: [5, 4],
        consumers: 2,
        mode: "take",
        paceMs: 3,
        workMs: 8,
      });
    },
    processes,
  ),

  rule(
    "PROC-2 keeps bound, order and account with 8 processes at capacities 1, 2, 5 and 64",
    async (t) => {
      for (const [n, capacity] of [1, 2, 5, 64].entries()) {
        const stage = await t.stage({ capacity, failuresMax: 1_000_000 });
        const mode = n % 2 === 0 ? "take" : "lease";
        const items = t.trials(25);
        await runCrew(t, stage, {
          capacity,
          itemsOf: [items, items, items, items],
          consumers: 4,
          mode,
          paceMs: 0.5,
          workMs: 0.5,
        });
        await stage.buffer.destroy();
      }
    },
    processes,
  ),
];

interface Crew {
  readonly capacity: number;
  /** One number for each producer. */
  readonly itemsOf: readonly number[];
  readonly consumers: number;
  readonly mode: "take" | "lease";
  readonly paceMs: number;
  readonly workMs: number;
}

/** Producers and consumers as processes; the bound is looked at in three ways, and the whole history is judged. */
async function runCrew(t: RuleContext, { buffer }: Stage<unknown>, crew: Crew): Promise<void> {
  const { capacity } = crew;
  const processes = crew.itemsOf.length + crew.consumers;
  const marks = new Marks();
  const folder = historyFolder(t, { title: `${processes} processes, capacity ${capacity}`, capacity }, marks);
  const total = crew.itemsOf.reduce((a, b) => a + b, 0);
  const puppets = await startPuppets(t, processes, buffer.address);
  const producers = puppets.slice(0, crew.itemsOf.length);
  const consumers = puppets.slice(crew.itemsOf.length);
  const [sampler] = await startPuppets(t, 1, buffer.address);
  const sampled = (sampler as Puppet).call("sample");
  const job = (name: string) => ({ folder, name, seed: t.random.below(2 ** 31) });
  const consuming = consumers.map((puppet, i) =>
    puppet.call("consume", {
      ...job(`consumer-${i + 1}`),
      mode: crew.mode,
      leaseMs: 60_000,
      workMs: crew.workMs,
    }),
  );
  const producing = producers.map((puppet, i) => {
    const id = `producer-${i + 1}`;
    return puppet.call("produce", { ...job(id), id, items: crew.itemsOf[i] ?? 0, paceMs: crew.paceMs });
  });
  equal(
    await t.within(Promise.all(producing), 4, "the producers"),
    [...crew.itemsOf],
    "the number of items each producer put",
  );
  await marks.sealing(folder, () => buffer.seal());
  const finished = await t.within(Promise.all(consuming), 4, "the consumers");
  await t.soon(buffer.drained(), "drained()");
  const operations = readHistory(folder);
  equal(
    operations.filter((one) => one.kind === "put" && one.outcome === "ok").length,
    total,
    "the number of puts in the history",
  );
  judge(operations, crew.capacity, t.harness.capabilities);
  equal(
    finished.reduce((a, b) => a + b, 0),
    total,
    "the number of items the consumers finished",
  );
  await (sampler as Puppet).call("stopSampling");
  const { most, samples, wrong } = await t.soon(sampled, "the sampling");
  if (wrong !== null) fail(`In the snapshot of another process: ${wrong}`);
  isTrue(
    samples > 0 && most <= crew.capacity,
    `Expected at most ${crew.capacity} items inside in ${samples} samples, got ${most}`,
  );
  const { produced, consumed, ready, leased, peak } = await buffer.counts();
  const expected = { produced: total, consumed: total, ready: 0, leased: 0 };
  equal({ produced, consumed, ready, leased }, expected, "the counts at the end");
  const fault = peakFault(peak, t.harness.capabilities.peak, operations);
  if (fault !== undefined) fail(fault);
  isTrue(
    peak >= most || t.harness.capabilities.peak === "lower-bound",
    `Expected the peak to be no less than the ${most} seen inside, got ${peak}`,
  );
  isTrue(peak <= crew.capacity, `Expected a peak of at most ${crew.capacity}, got ${peak}`);
}
