/** PROC, where one is killed or stopped while it waits or holds a lease. */

import { equal, rejects } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { staysWaiting } from "../processes/stays-waiting.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processDeathRules: readonly Rule[] = [
  rule(
    "PROC-9 loses no wake-up with a process that is killed while it waits",
    async (t) => {
      const stage = await t.stage({ capacity: 1 });
      const [doomed, next, feeder] = await startPuppets(t, 3, stage.buffer.address);
      const first = (doomed as Puppet).call("take");
      await staysWaiting(t, [doomed as Puppet], [first], "the first take");
      const second = (next as Puppet).call("take");
      await staysWaiting(t, [next as Puppet], [second], "the second take");
      await (doomed as Puppet).kill();
      await t.soon((feeder as Puppet).call("put", "a"), "a put");
      equal(await t.soon(second, "the take behind the one that was killed"), "a", "what it got");

      const [doomedToo] = await startPuppets(t, 1, stage.buffer.address);
      await t.soon((feeder as Puppet).call("put", "b"), "a put");
      const dead = (doomedToo as Puppet).call("put", "never");
      await staysWaiting(t, [doomedToo as Puppet], [dead], "a put into the full buffer");
      const behind = (feeder as Puppet).call("put", "c");
      await staysWaiting(t, [feeder as Puppet], [behind], "a put behind it");
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
      await staysWaiting(t, [doomed as Puppet], [waitingPut], "a put into the full buffer");
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
      const lease = await t.soon(
        (doomed as Puppet).call("lease", t.timing.leaseMs * 8),
        "a lease in another process",
      );
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
      await staysWaiting(t, [sleeper as Puppet], [stopped], "a take from the empty buffer");
      const other = (awake as Puppet).call("take");
      await staysWaiting(t, [awake as Puppet], [other], "another take from the empty buffer");
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
];
