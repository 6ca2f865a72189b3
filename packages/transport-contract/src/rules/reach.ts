/** LIFE: whoever is out of a transport's reach is told so, and finds no other buffer there. */

import { isBufferError } from "@sluice/core";
import { equal, fail } from "../kit/expect.js";
import { put } from "../kit/face.js";
import { Puppet } from "../processes/puppet.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";

export const reachRules: readonly Rule[] = [
  rule(
    "LIFE-21 refuses its address in another process, where the reach is this one",
    async (t) => {
      const stage = await t.stage({ capacity: 2 });
      await put(await stage.buffer.producer(), ["a"]);
      const outcome = Puppet.start({ address: stage.buffer.address }).then(
        async (puppet) => {
          await puppet.kill();
          fail("Expected another process to be refused, it opened the address");
        },
        (error: unknown) => {
          if (!isBufferError(error)) throw error;
          return error.code;
        },
      );
      equal(await t.soon(outcome, "the open in another process"), "BUFFER_NOT_FOUND" as never, "its refusal");
      // A process that knows the place, but has no buffer there, makes one of its own at most: this one stays as it was.
      const [stranger] = await startPuppets(t, 1);
      const made = stranger?.call("create", stage.buffer.address, { capacity: 9 }).catch(() => "refused");
      await t.soon(made, "a create at the same place in another process");
      const { ready, produced } = await stage.buffer.counts();
      equal({ ready, produced }, { ready: 1, produced: 1 }, "the counts in this process");
      equal(stage.buffer.spec.capacity, 2, "the capacity in this process");
    },
    {
      needs: ({ reach }) => (reach === "process" ? undefined : `its reach is the ${reach}`),
    },
  ),
];
