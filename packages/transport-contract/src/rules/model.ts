/** MODEL: random runs against a plain array, one step after the other, or judged as a whole; the same seed gives the same calls. */

import { runHistories } from "../model/run-callers.js";
import { runModel } from "../model/run-model.js";
import { type Rule, rule } from "../rule.js";

export const modelRules: readonly Rule[] = [
  rule(
    "MODEL-1 does what a plain array would, in random runs of plain takes",
    async (t) => {
      for (const _run of t.tries(3, 100)) await runModel(t, { leases: false, steps: 60 });
    },
    { level: "stochastic" },
  ),
  rule(
    "MODEL-2 does what a plain array would, in random runs with leases, dead letters and seals",
    async (t) => {
      for (const _run of t.tries(3, 100)) await runModel(t, { leases: true, steps: 80 });
    },
    {
      level: "stochastic",
      needs: ({ returned, release }) => {
        if (returned !== "in-place") return "returned items stand where its medium puts them";
        return release === "free" ? undefined : "a release counts as a failure there";
      },
    },
  ),
  rule(
    "MODEL-3 has an order, in histories of several callers at once",
    async (t) => {
      await runHistories(t, t.trials(5), 300);
    },
    { level: "stochastic" },
  ),
];
