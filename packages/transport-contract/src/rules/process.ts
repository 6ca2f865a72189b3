/** PROC: the same with real processes. */

import { equal, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { staysWaiting } from "../processes/stays-waiting.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processRules: readonly Rule[] = [
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
        if (n % 2 === 0)
          await staysWaiting(t, [one as Puppet], [take], "a take from the empty buffer, in another process");
        await t.soon((two as Puppet).call("put", `item-${n}`), "the put");
        equal(await t.soon(take, "the waiting take"), `item-${n}`, "what the waiting take got");
      }
      await (two as Puppet).call("put", "first");
      const waitingPut = (two as Puppet).call("put", "second");
      await staysWaiting(t, [two as Puppet], [waitingPut], "a put into the full buffer, in another process");
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
      await staysWaiting(t, puppets, takes, "takes from the empty buffer, in three processes");
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
      await staysWaiting(t, puppets, puts, "puts into the full buffer, in two processes");
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
];
