/** PROC, who makes, opens, leaves and removes a buffer. */

import type { RuleContext } from "../kit/context.js";
import { equal, rejects } from "../kit/expect.js";
import { takeAll } from "../kit/face.js";
import type { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { staysWaiting } from "../processes/stays-waiting.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processPlaceRules: readonly Rule[] = [
  rule(
    "PROC-15 lets one of several processes that create at once succeed, and all open the same",
    async (t) => {
      for (const _trial of t.tries(2, 3)) {
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
        await (await t.openBuffer(transport)).destroy();
        for (const puppet of [...puppets, ...others]) await puppet.kill();
      }
    },
    processes,
  ),

  rule(
    "PROC-16 lets openOrCreate in several processes at once end with one buffer that all of them use",
    async (t) => {
      for (const _trial of t.tries(2, 3)) {
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
        await (await t.openBuffer(transport)).destroy();
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
      await staysWaiting(t, puppets, takes, "takes from the empty buffer, in two processes");
      await stage.buffer.destroy();
      await t.soon(Promise.all(takes), "the waiting takes");
      await rejects(
        t.openAddress(stage.buffer.address),
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
];

/** An address of a place where there is no buffer any more: other processes can create one there. */
async function freshAddress(t: RuleContext) {
  const transport = await t.transport();
  const buffer = await t.createBuffer(transport, { capacity: 1 });
  const { address } = buffer;
  await buffer.destroy();
  return { transport, address };
}
