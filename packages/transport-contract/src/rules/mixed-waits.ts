/** WAIT, with every kind of waiter in one line: a change wakes whom it serves, and not only who stands in front. */

import { Crowd, type CrowdShape } from "../kit/crowd.js";
import { drawn } from "../kit/drawn.js";
import { type Rule, rule } from "../rule.js";

/** Why they all wait: nothing is there, everything is full, or all that is there is leased. */
const SHAPES: readonly CrowdShape[] = [
  {
    capacity: 4,
    ready: 0,
    leased: 0,
    line: ["drained()", "take", "take", "lease", "lease"],
    changes: ["put", "put", "put"],
  },
  {
    capacity: 2,
    ready: 2,
    leased: 0,
    line: ["drained()", "put", "put", "put"],
    changes: ["take", "take"],
  },
  {
    capacity: 2,
    ready: 0,
    leased: 2,
    line: ["drained()", "put", "put", "take", "take", "lease"],
    changes: ["release", "ack"],
  },
];

export const mixedWaitRules: readonly Rule[] = [
  rule(
    "WAIT-20 wakes whom a change serves, also behind puts, takes, leases and drained() that it does not serve",
    async (t) => {
      for (const shape of SHAPES) {
        // Each kind is in front once; the order of the rest is drawn.
        for (const front of new Set(shape.line)) {
          const rest = shape.line.toSpliced(shape.line.indexOf(front), 1);
          const line = [front, ...drawn(rest, t.random)];
          const crowd = await Crowd.gather(t, { ...shape, line });
          for (const change of shape.changes) await crowd[change]();
          // The end comes with the seal, or with the last settlement.
          if (t.random.chance(0.5)) await crowd.ackAll();
          await crowd.seal();
          await crowd.ackAll();
          await crowd.takeRest();
          await crowd.end();
        }
      }
    },
  ),
];
