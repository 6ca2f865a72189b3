/** PROC: the same with real processes, some of which are killed or stopped on the way. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BufferAddress } from "@sluice/core";
import { createBuffer, openAddress } from "@sluice/core";
import { runChaos } from "../chaos/run-chaos.js";
import { checkHistory } from "../history/check-history.js";
import { readHistory } from "../history/recorder.js";
import type { RuleContext, Stage } from "../kit/context.js";
import { equal, fail, isTrue, rejects } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import { Puppet } from "../processes/puppet.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processRules: readonly Rule[] = [
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

  rule(
    "PROC-3 accepts exactly capacity items from several processes at once, with nobody to take them",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      const puppets = await startPuppets(t, 4, stage.buffer.address);
      const answers = await t.soon(
        Promise.all(
          puppets.flatMap((puppet, i) => [1, 2, 3].map((n) => puppet.call("tryPut", `producer-${i}-${n}`))),
        ),
        "twelve tryPuts from four processes",
      );
      equal(
        answers.filter((answer) => answer === "accepted").length,
        5,
        "the number of tryPuts that were accepted",
      );
      equal(
        answers.filter((answer) => answer === "full").length,
        7,
        "the number of tryPuts that were told full",
      );
      const counts = await Promise.all(puppets.map((puppet) => puppet.call("counts")));
      for (const { ready, peak } of counts)
        equal({ ready, peak: Math.min(peak, 5) }, { ready: 5, peak: 5 }, "the counts in each process");
    },
    processes,
  ),

  rule(
    "PROC-4 takes out first what was put first, also when two processes put one after the other",
    async (t) => {
      const stage = await t.stage({ capacity: 20 });
      const puppets = await startPuppets(t, 3, stage.buffer.address);
      const values = Array.from({ length: 20 }, (_, n) => `item-${n}`);
      for (const value of values) await t.soon(t.random.pick(puppets).call("put", value), "a put");
      for (const value of values) {
        equal(
          await t.soon(t.random.pick(puppets).call("take"), "a take"),
          value,
          "the next item, whoever takes it",
        );
      }
    },
    processes,
  ),

  rule(
    "PROC-5 wakes a take that waits in another process when an item comes, and a put when room does",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      const [one, two] = await startPuppets(t, 2, stage.buffer.address);
      for (let n = 0; n < 5; n++) {
        const take = (one as Puppet).call("take");
        if (n % 2 === 0) await t.staysPending(take, "a take from the empty buffer, in another process");
        await t.soon((two as Puppet).call("put", `item-${n}`), "the put");
        equal(await t.soon(take, "the waiting take"), `item-${n}`, "what the waiting take got");
      }
      await (two as Puppet).call("put", "first");
      const waitingPut = (two as Puppet).call("put", "second");
      await t.staysPending(waitingPut, "a put into the full buffer, in another process");
      equal(await t.soon((one as Puppet).call("take"), "the take"), "first", "what the take got");
      await t.soon(waitingPut, "the waiting put");
    },
    processes,
  ),

  rule(
    "PROC-6 ends the takes that wait in other processes with a seal",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const puppets = await startPuppets(t, 3, stage.buffer.address);
      const takes = puppets.map((puppet) => puppet.call("take"));
      await t.staysPending(Promise.race(takes), "takes from the empty buffer, in three processes");
      await stage.buffer.seal();
      equal(await t.soon(Promise.all(takes), "the waiting takes"), [null, null, null], "what they got");
    },
    processes,
  ),

  rule(
    "PROC-7 rejects the puts that wait in other processes with a seal, and enqueues none",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      await put(await stage.buffer.producer(), ["only"]);
      const [sealer, ...puppets] = await startPuppets(t, 3, stage.buffer.address);
      const puts = puppets.map((puppet, i) =>
        rejects(puppet.call("put", `late-${i}`), "BUFFER_SEALED", "a waiting put"),
      );
      await t.staysPending(Promise.race(puts), "puts into the full buffer, in two processes");
      equal(
        await t.soon((sealer as Puppet).call("seal"), "the seal, in a third process"),
        true,
        "what the seal resolved with",
      );
      await t.soon(Promise.all(puts), "the waiting puts");
      equal(await takeAll(stage.buffer, 1, t), ["only"], "what came out");
      equal((await stage.buffer.counts()).produced, 1, "the number of items produced");
    },
    processes,
  ),

  rule(
    "PROC-8 lets a consumer that comes late, after the seal and after its producer's end, have everything",
    async (t) => {
      const stage = await t.stage({ capacity: 4 });
      const [early] = await startPuppets(t, 1, stage.buffer.address);
      for (let n = 1; n <= 4; n++) await t.soon((early as Puppet).call("put", `item-${n}`), "a put");
      await stage.buffer.seal();
      equal(
        await t.soon((early as Puppet).leave(), "the exit of the producer's process"),
        0,
        "its exit code",
      );
      const [late] = await startPuppets(t, 1, stage.buffer.address);
      const seen: unknown[] = [];
      for (let n = 0; n < 5; n++) seen.push(await t.soon((late as Puppet).call("take"), "a take"));
      equal(seen, ["item-1", "item-2", "item-3", "item-4", null], "what the late consumer got");
    },
    processes,
  ),

  rule(
    "PROC-9 loses no wake-up with a process that is killed while it waits",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      const [doomed, next, feeder] = await startPuppets(t, 3, stage.buffer.address);
      const first = (doomed as Puppet).call("take");
      await t.staysPending(first, "the first take");
      const second = (next as Puppet).call("take");
      await t.staysPending(second, "the second take");
      await (doomed as Puppet).kill();
      await t.soon((feeder as Puppet).call("put", "a"), "a put");
      equal(await t.soon(second, "the take behind the one that was killed"), "a", "what it got");

      const [doomedToo] = await startPuppets(t, 1, stage.buffer.address);
      await t.soon((feeder as Puppet).call("put", "b"), "a put");
      const dead = (doomedToo as Puppet).call("put", "never");
      await t.staysPending(dead, "a put into the full buffer");
      const behind = (feeder as Puppet).call("put", "c");
      await t.staysPending(behind, "a put behind it");
      await (doomedToo as Puppet).kill();
      equal(await t.soon((next as Puppet).call("take"), "a take"), "b", "what a take got");
      await t.soon(behind, "the put behind the one that was killed");
      equal(
        await t.soon((next as Puppet).call("take"), "a take"),
        "c",
        "what came out: nothing of the killed put",
      );
    },
    processes,
  ),

  rule(
    "PROC-10 has neither item nor slot of a producer that is killed while its put waits",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      const [doomed] = await startPuppets(t, 1, stage.buffer.address);
      await put(await stage.buffer.producer(), ["a", "b"]);
      const waitingPut = (doomed as Puppet).call("put", "never");
      await t.staysPending(waitingPut, "a put into the full buffer");
      await (doomed as Puppet).kill();
      equal(await takeAll(stage.buffer, 2, t), ["a", "b"], "what came out");
      await put(await stage.buffer.producer(), ["c", "d"]);
      equal(await takeAll(stage.buffer, 2, t), ["c", "d"], "what came out then");
      const { produced, consumed, ready } = await stage.buffer.counts();
      equal({ produced, consumed, ready }, { produced: 4, consumed: 4, ready: 0 }, "the counts");
    },
    processes,
  ),

  rule(
    "PROC-11 hands the item of a consumer that is killed under a lease to another, with a failure",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      await put(await stage.buffer.producer(), ["a"]);
      const [doomed] = await startPuppets(t, 1, stage.buffer.address);
      const lease = await t.soon((doomed as Puppet).call("lease", 1000), "a lease in another process");
      equal(lease?.value, "a", "what it got");
      const waitingLease = leaseOne(await stage.buffer.consumer(), t);
      await (doomed as Puppet).kill();
      const again = await waitingLease;
      const { value, deliveries, failures } = again;
      equal(
        { value, deliveries, failures },
        { value: "a", deliveries: 2, failures: 1 },
        "the lease after the kill",
      );
      await again.ack();
      const { consumed, leased, ready } = await stage.buffer.counts();
      equal({ consumed, leased, ready }, { consumed: 1, leased: 0, ready: 0 }, "the counts");
    },
    processes,
  ),

  rule(
    "PROC-12 notices the death of a lease's holder long before the lease's time is over",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      await put(await stage.buffer.producer(), ["a"]);
      const [doomed] = await startPuppets(t, 1, stage.buffer.address);
      await t.soon(
        (doomed as Puppet).call("lease", 10 * 60_000),
        "a lease of ten minutes in another process",
      );
      const take = (await stage.buffer.consumer()).take();
      await t.staysPending(take, "a take, with the only item leased");
      await (doomed as Puppet).kill();
      equal(
        await t.soon(take, "the take, after its holder's death"),
        { done: false, value: "a" },
        "what it got",
      );
    },
    {
      ...processes,
      needs: ({ reach }) => (reach === "host" ? undefined : `its reach is the ${reach}, not the host`),
    },
  ),

  rule(
    "PROC-13 refuses the ack of a process that was stopped past its lease, and counts the item once",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      await put(await stage.buffer.producer(), ["a"]);
      const [sleeper] = await startPuppets(t, 1, stage.buffer.address);
      const late = await t.soon(
        (sleeper as Puppet).call("lease", t.timing.leaseMs * 4),
        "a lease in another process",
      );
      (sleeper as Puppet).signal("SIGSTOP");
      const current = await leaseOne(await stage.buffer.consumer(), t);
      equal(current.deliveries, 2, "the number of hand-outs");
      (sleeper as Puppet).signal("SIGCONT");
      const ack = (sleeper as Puppet).call("ack", late?.lease ?? 0);
      await rejects(t.soon(ack, "the late ack"), "LEASE_LOST", "the ack of the process that was stopped");
      equal((await stage.buffer.counts()).leased, 1, "the number of leases after the late ack");
      await current.ack();
      const { consumed, ready, leased } = await stage.buffer.counts();
      equal({ consumed, ready, leased }, { consumed: 1, ready: 0, leased: 0 }, "the counts");
    },
    {
      ...processes,
      needs: ({ fencing }) =>
        fencing === "authority" ? undefined : "a clock refuses late settlements there",
    },
  ),

  rule(
    "PROC-14 goes on around a process that is stopped while it waits, and lets it go on afterwards",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      const [sleeper, awake] = await startPuppets(t, 2, stage.buffer.address);
      const stopped = (sleeper as Puppet).call("take");
      await t.staysPending(stopped, "a take from the empty buffer");
      const other = (awake as Puppet).call("take");
      await t.staysPending(other, "another take from the empty buffer");
      (sleeper as Puppet).signal("SIGSTOP");
      await t.soon(
        stage.buffer.producer().then((producer) => producer.put("a")),
        "a put",
      );
      equal(await t.soon(other, "the take of the process that is awake"), "a", "what it got");
      (sleeper as Puppet).signal("SIGCONT");
      await t.soon(
        stage.buffer.producer().then((producer) => producer.put("b")),
        "another put",
      );
      equal(await t.soon(stopped, "the take of the process that was stopped"), "b", "what it got");
    },
    processes,
  ),

  rule(
    "PROC-15 lets one of several processes that create at once succeed, and all open the same",
    async (t) => {
      for (let trial = 0; trial < t.trials(3); trial++) {
        const { transport, address } = await freshAddress(t);
        const puppets = await startPuppets(t, 4);
        const settings = { capacity: 8 };
        const answers = await t.soon(
          Promise.all(puppets.map((puppet) => puppet.call("create", address, settings))),
          "create in four processes at once",
        );
        equal(
          answers.filter((answer) => answer === "created").length,
          1,
          "the number of processes that created",
        );
        const others = await startPuppets(t, 3);
        const opens = others.map((puppet) => puppet.call("openOrCreate", address, settings));
        await t.soon(Promise.all(opens), "openOrCreate in three processes at once");
        await t.soon(
          Promise.all(others.map((puppet, i) => puppet.call("put", `item-${i}`))),
          "a put from each of them",
        );
        const maker = puppets[answers.indexOf("created")] as Puppet;
        equal((await maker.call("counts")).produced, 3, "the number of items that the creator sees");
        const { openBuffer } = await import("@sluice/core");
        await (await openBuffer(transport)).destroy();
        for (const puppet of [...puppets, ...others]) await puppet.kill();
      }
    },
    processes,
  ),

  rule(
    "PROC-16 lets openOrCreate in several processes at once end with one buffer that all of them use",
    async (t) => {
      for (let trial = 0; trial < t.trials(3); trial++) {
        const { transport, address } = await freshAddress(t);
        const puppets = await startPuppets(t, 4);
        const opens = puppets.map((puppet) => puppet.call("openOrCreate", address, { capacity: 8 }));
        await t.soon(Promise.all(opens), "openOrCreate in four processes at once");
        await t.soon(
          Promise.all(puppets.map((puppet, i) => puppet.call("put", `item-${i}`))),
          "a put from each of them",
        );
        const counts = await Promise.all(puppets.map((puppet) => puppet.call("counts")));
        equal(
          counts.map(({ ready }) => ready),
          [4, 4, 4, 4],
          "the number of items that each of them sees",
        );
        const { openBuffer } = await import("@sluice/core");
        await (await openBuffer(transport)).destroy();
        for (const puppet of puppets) await puppet.kill();
      }
    },
    processes,
  ),

  rule(
    "PROC-17 tells waiting calls in other processes that the buffer was destroyed",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      const puppets = await startPuppets(t, 2, stage.buffer.address);
      const takes = puppets.map((puppet) =>
        rejects(puppet.call("take"), "BUFFER_DESTROYED", "a waiting take"),
      );
      await t.staysPending(Promise.race(takes), "takes from the empty buffer, in two processes");
      await stage.buffer.destroy();
      await t.soon(Promise.all(takes), "the waiting takes");
      await rejects(
        openAddress(stage.buffer.address),
        "BUFFER_NOT_FOUND",
        "open of the destroyed buffer's address",
      );
      for (const puppet of puppets) {
        await rejects(
          t.soon(puppet.call("tryPut", "late"), "a tryPut"),
          "BUFFER_DESTROYED",
          "a tryPut after the destroy",
        );
      }
    },
    processes,
  ),

  rule(
    "PROC-18 keeps no process alive that has nothing to do, and loses nothing that it put before it ended",
    async (t) => {
      const stage = await t.stage({ capacity: 3 });
      const [idle] = await startPuppets(t, 1, stage.buffer.address);
      await t.soon((idle as Puppet).call("put", "a"), "a put");
      await t.soon((idle as Puppet).call("put", "b"), "another put");
      // It closes nothing, and is asked for nothing more.
      equal(
        await t.soon((idle as Puppet).leave(), "the exit of a process with an open handle"),
        0,
        "its exit code",
      );
      equal(await takeAll(stage.buffer, 2, t), ["a", "b"], "what came out");
    },
    processes,
  ),

  rule(
    "PROC-19 loses no more than killed consumers had in hand, and keeps the bound, when plain takers and putters are killed",
    async (t) => {
      await chaos(t, { mode: "take", kills: t.trials(12), stops: t.trials(3) });
    },
    { ...processes, level: "stochastic" },
  ),

  rule(
    "PROC-20 loses nothing and finishes nothing twice, when holders of leases and putters are killed and stopped",
    async (t) => {
      await chaos(t, { mode: "lease", kills: t.trials(12), stops: t.trials(4) });
    },
    {
      ...processes,
      level: "stochastic",
      needs: ({ fencing }) =>
        fencing === "authority" ? undefined : "a clock refuses late settlements there",
    },
  ),

  rule(
    "PROC-21 keeps its promises when processes are killed or stopped at each of the adapter's failpoints",
    async (t) => {
      const { failpoints = [] } = t.harness;
      for (const failpoint of failpoints) {
        for (const mode of ["take", "lease"] as const) {
          await chaos(t, { mode, kills: t.trials(5), stops: 0, failpoints: [failpoint] });
        }
      }
    },
    { ...processes, failpoints: true, level: "stochastic" },
  ),
];

/** Child processes, killed when the rule is over. */
async function startPuppets(t: RuleContext, count: number, address?: BufferAddress): Promise<Puppet[]> {
  const starts = Array.from({ length: count }, async () => {
    const puppet = await Puppet.start(address === undefined ? {} : { address });
    t.defer(() => puppet.kill());
    return puppet;
  });
  return t.soon(Promise.all(starts), `the start of ${count} processes`);
}

/** An address of a place where there is no buffer any more: other processes can create one there. */
async function freshAddress(t: RuleContext) {
  const transport = await t.transport();
  const buffer = await createBuffer(transport, { capacity: 1 });
  const { address } = buffer;
  await buffer.destroy();
  return { transport, address };
}

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
  const folder = await mkdtemp(join(tmpdir(), "sluice-history-"));
  t.defer(() => rm(folder, { recursive: true, force: true }));
  const total = crew.itemsOf.reduce((a, b) => a + b, 0);
  const puppets = await startPuppets(t, crew.itemsOf.length + crew.consumers, buffer.address);
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
  await buffer.seal();
  const finished = await t.within(Promise.all(consuming), 4, "the consumers");
  await t.soon(buffer.drained(), "drained()");
  const operations = readHistory(folder);
  equal(
    operations.filter((one) => one.kind === "put" && one.outcome === "ok").length,
    total,
    "the number of puts in the history",
  );
  const violations = checkHistory(operations, { capacity: crew.capacity });
  if (violations.length > 0) fail(violations.map((one) => one.message).join("\n"));
  equal(
    finished.reduce((a, b) => a + b, 0),
    total,
    "the number of items the consumers finished",
  );
  await (sampler as Puppet).call("stopSampling");
  const { most, samples } = await t.soon(sampled, "the sampling");
  isTrue(
    samples > 0 && most <= crew.capacity,
    `Expected at most ${crew.capacity} items inside in ${samples} samples, got ${most}`,
  );
  const { produced, consumed, ready, leased, peak } = await buffer.counts();
  const expected = { produced: total, consumed: total, ready: 0, leased: 0 };
  equal({ produced, consumed, ready, leased }, expected, "the counts at the end");
  isTrue(
    peak >= most || t.harness.capabilities.peak === "lower-bound",
    `Expected the peak to be no less than the ${most} seen inside, got ${peak}`,
  );
  isTrue(peak <= crew.capacity, `Expected a peak of at most ${crew.capacity}, got ${peak}`);
}

async function chaos(
  t: RuleContext,
  options: { mode: "take" | "lease"; kills: number; stops: number; failpoints?: readonly string[] },
): Promise<void> {
  const seed = t.random.below(1_000_000);
  const report = await runChaos(await t.transport(), {
    ...options,
    ...(t.harness.wishes === undefined ? {} : { wishes: t.harness.wishes }),
    capacity: 5,
    producers: 2,
    consumers: 2,
    seed,
    leaseMs: t.timing.leaseMs * 3,
    endMs: t.timing.signalMs * 3,
  });
  if (report.faults.length > 0) {
    const { faults, ...rest } = report;
    fail([`In a run with kills, seed ${seed}:`, ...faults, JSON.stringify(rest)].join("\n"));
  }
  isTrue(report.accepted > 0 && report.finished > 0, `Expected items to flow, got ${JSON.stringify(report)}`);
}
