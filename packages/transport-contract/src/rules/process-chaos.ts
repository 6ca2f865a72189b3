import { runChaos } from "../chaos/run-chaos.js";
import type { RuleContext } from "../kit/context.js";
import { fail, isTrue } from "../kit/expect.js";
import { type Rule, rule } from "../rule.js";

const processes = { processes: true } as const;

export const processChaosRules: readonly Rule[] = [
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
      // Half of them with leases, half without; another seed has them the other way round.
      const turned = t.random.below(2);
      for (const [n, failpoint] of failpoints.entries()) {
        const mode = (n + turned) % 2 === 0 ? "take" : "lease";
        await chaos(t, { mode, kills: t.trials(4), stops: 0, failpoints: [failpoint] });
      }
    },
    { ...processes, failpoints: true, level: "stochastic" },
  ),
];

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
    onHistory: (history) => void t.histories.push(history),
    leaseMs: t.timing.leaseMs * 3,
    endMs: t.timing.signalMs * 3,
  });
  const { safety, liveness, ...rest } = report;
  if (safety.length + liveness.length > 0)
    fail([`In a run with kills, seed ${seed}:`, ...safety, ...liveness, JSON.stringify(rest)].join("\n"));
  isTrue(report.accepted > 0 && report.finished > 0, `Expected items to flow, got ${JSON.stringify(report)}`);
}
