/** PROC, what the dead and those that leave in order leave behind: nothing that grows, and nothing that is lost. */

import type { RuleContext } from "../kit/context.js";
import { equal, fail, isTrue } from "../kit/expect.js";
import { checkLedger, leaseOne, put, takeAll } from "../kit/face.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processLeftoverRules: readonly Rule[] = [
  rule(
    "PROC-22 clears up after the dead, however many: no waiting call, no lease and no handle of theirs stays",
    async (t) => {
      const stage = await t.stage({ capacity: 4, failuresMax: 1_000 });
      await put(await stage.buffer.producer(), ["a"]);
      const deaths = t.trials(12);
      // Over a network nobody notices a death: there the leases of the dead end by time.
      const isFar = t.harness.capabilities.reach === "network";
      const leaseMs = isFar ? t.timing.leaseMs * 10 : 10 * 60_000;
      const finder = await stage.buffer.consumer();
      let placesBefore: number | undefined;
      for (let dead = 0; dead < deaths; dead += 4) {
        const puppets = await startPuppets(t, 4, stage.buffer.address);
        const [holder, ...waiters] = puppets as [Puppet, ...Puppet[]];
        await t.soon(holder.call("lease", leaseMs), "a lease in another process");
        for (const waiter of waiters) void waiter.call("take");
        await t.pause();
        await Promise.all(puppets.map((puppet) => puppet.kill()));
        // Where deaths are noticed, whoever waits notices them; who only reads the counts need not.
        await (await leaseOne(finder, t)).release();
        await t.until(
          async () => (await stage.buffer.counts()).ready === 1,
          "the item of the dead is ready again",
        );
        placesBefore ??= await namesAt(t, stage.transport);
      }
      await nobodyWaits(t, stage.buffer);
      const names = await namesAt(t, stage.transport);
      isTrue(
        names <= (placesBefore ?? 0) + 1,
        `Expected no more names at the place after ${deaths} deaths than after the first, ${placesBefore}, got ${names}`,
      );
      equal(await takeAll(await stage.another(), 1, t), ["a"], "what came out in the end");
      await stage.buffer.destroy();
      equal((await t.harness.leftovers?.(stage.transport)) ?? [], [], "what the destroy left behind");
    },
    { ...processes, isTimed: true },
  ),

  rule(
    "PROC-23 gives back at once what a process holds that is told to end and closes its handle",
    async (t) => {
      const stage = await t.stage({ capacity: 3, failuresMax: 1 });
      await put(await stage.buffer.producer(), ["a", "b"]);
      const [leaving] = await startPuppets(t, 1, stage.buffer.address);
      for (const value of ["a", "b"]) {
        const got = await t.soon(
          (leaving as Puppet).call("lease", 10 * 60_000),
          "a lease in another process",
        );
        equal(got?.value, value, "what it got");
      }
      void (leaving as Puppet).call("take");
      (leaving as Puppet).signal("SIGTERM");
      equal(await t.soon((leaving as Puppet).exited(), "its end after a SIGTERM"), 0, "its exit code");
      const { release } = t.harness.capabilities;
      if (release === "counts") {
        // One failure is the limit here: what is given back is a dead letter, which is not lost either.
        await t.until(async () => (await stage.buffer.counts()).dead === 2, "both items are dead letters");
      } else {
        const consumer = await stage.buffer.consumer();
        for (const value of ["a", "b"]) {
          const again = await leaseOne(consumer, t);
          const seen = { value: again.value, failures: again.failures };
          equal<unknown>(seen, { value, failures: 0 }, "what comes again: no failure is counted");
          await again.ack();
        }
      }
      checkLedger(await stage.buffer.counts(), 3, "after the process has left");
      await nobodyWaits(t, stage.buffer);
    },
    processes,
  ),

  rule(
    "PROC-24 balances the ledger in every snapshot that any process takes, also when others are killed",
    async (t) => {
      const capacity = 3;
      const stage = await t.stage({ capacity, failuresMax: 1_000 });
      const watchers = await startPuppets(t, 2, stage.buffer.address);
      const watched = watchers.map((watcher) => watcher.call("sample"));
      const producer = await stage.buffer.producer();
      const consumer = await stage.buffer.consumer();
      const trials = t.trials(4);
      for (let trial = 1; trial <= trials; trial++) {
        const [taker, holder, putter] = (await startPuppets(t, 3, stage.buffer.address)) as [
          Puppet,
          Puppet,
          Puppet,
        ];
        await put(producer, [`a-${trial}`, `b-${trial}`]);
        await t.soon(holder.call("lease", t.timing.leaseMs * 2), "a lease in another process");
        await t.soon(taker.call("take"), "a take in another process");
        const calls = [
          putter.call("put", `c-${trial}`),
          taker.call("take"),
          putter.call("put", `d-${trial}`),
        ];
        // Killed somewhere between the call and its answer.
        for (let turns = t.random.below(6); turns > 0; turns--) await t.turn();
        for (const puppet of [taker, holder, putter]) await puppet.kill();
        await Promise.allSettled(calls);
        checkLedger(await stage.buffer.counts(), capacity, `after kill ${trial}`);
        await t.until(
          async () => (await stage.buffer.counts()).leased === 0,
          "the leases of the dead have ended",
        );
        while ((await consumer.tryTake()) !== "empty");
        checkLedger(await stage.buffer.counts(), capacity, `after everything was taken, ${trial}`);
      }
      await Promise.all(watchers.map((watcher) => watcher.call("stopSampling")));
      for (const { samples, wrong } of await t.soon(Promise.all(watched), "the sampling")) {
        isTrue(samples > 0, "Expected the watching processes to see snapshots");
        if (wrong !== null) fail(`In the snapshot of another process: ${wrong}`);
      }
    },
    processes,
  ),
];

async function nobodyWaits(
  t: RuleContext,
  buffer: { counts(): Promise<{ waitingProducers: number; waitingConsumers: number; leased: number }> },
): Promise<void> {
  await t.until(async () => {
    const { waitingProducers, waitingConsumers, leased } = await buffer.counts();
    return waitingProducers + waitingConsumers + leased === 0;
  }, "nobody is counted as waiting, or as holding a lease, once all of them are gone");
}

/** How many names there are at a place that is in use; 0 where the harness cannot say. */
async function namesAt(t: RuleContext, transport: Parameters<NonNullable<typeof t.harness.leftovers>>[0]) {
  return ((await t.harness.leftovers?.(transport)) ?? []).length;
}
