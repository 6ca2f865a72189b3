import type { ChaosReport } from "../chaos/account.js";
import { type ChaosOptions, runChaos } from "../chaos/run-chaos.js";
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
      // Half of them with leases first, half without; another seed has them the other way round.
      const turned = t.random.below(2);
      const kills = t.trials(1);
      // A stop takes the time of two leases.
      const wanted = { SIGKILL: kills, SIGSTOP: Math.ceil(kills / KILLS_FOR_A_STOP) };
      for (const [n, failpoint] of failpoints.entries()) {
        const missing: Record<string, number> = {};
        for (const [signal, count] of Object.entries(wanted)) missing[`${signal} at ${failpoint}`] = count;
        // Again with the other mode, and more patiently, until enough were killed there and enough were stopped.
        for (const [at, patience] of PATIENCE.entries()) {
          const { struck } = await chaos(t, {
            mode: (n + turned + at) % 2 === 0 ? "take" : "lease",
            kills: Math.min(RANDOM_KILLS, t.trials(RANDOM_KILLS)),
            stops: 0,
            failpoints: [failpoint],
            byTurns: true,
            strikes: { ...missing },
            // The first run is made to its end.
            endsWithStrikes: at > 0,
            ...patience,
          });
          for (const [strike, count] of Object.entries(struck)) {
            const left = (missing[strike] ?? 0) - count;
            if (left > 0) missing[strike] = left;
            else delete missing[strike];
          }
          if (Object.keys(missing).length === 0) break;
        }
        const left = Object.entries(missing).map(([strike, count]) =>
          count === wanted[strike.split(" ")[0] as keyof typeof wanted]
            ? `no ${strike}`
            : `${count} ${strike} too few`,
        );
        isTrue(
          left.length === 0,
          `Expected processes to be killed and to be stopped at the failpoint ${failpoint}, in ${PATIENCE.length} runs there was ${left.join(", and ")}`,
        );
      }
    },
    { ...processes, failpoints: true, level: "stochastic" },
  ),
];

/** At a failpoint, at the usual effort and above: more of those that are killed there are asked for instead. */
const RANDOM_KILLS = 4;
const KILLS_FOR_A_STOP = 10;

const HASTY = {
  passingMax: 8,
  killEveryMs: 100,
  armedChance: 1,
  paceMs: 3,
  itemLength: 0,
  strikeLeases: 8,
};
/** Of one that is passed once in many commits, or in many bytes. */
const PATIENT = {
  ...HASTY,
  passingMax: 1,
  killEveryMs: 2_000,
  paceMs: 0,
  itemLength: 8_000,
  strikeLeases: 25,
};
const PATIENCE = [HASTY, PATIENT, PATIENT, PATIENT, PATIENT];
/** So often a run is made again whose history could not be decided: that is no pass. */
const RUNS_MAX = 3;

type Run = Pick<
  ChaosOptions,
  | "mode"
  | "kills"
  | "stops"
  | "failpoints"
  | "byTurns"
  | "strikes"
  | "endsWithStrikes"
  | Exclude<keyof typeof HASTY, "strikeLeases">
> & { readonly strikeLeases?: number };

async function chaos(t: RuleContext, options: Run): Promise<ChaosReport> {
  let report: ChaosReport;
  let runs = 0;
  do {
    report = await oneRun(t, options);
    runs++;
  } while (report.search === "unknown" && runs < RUNS_MAX);
  isTrue(
    report.search !== "unknown",
    `Expected to know whether a history has an order, ${runs} were too hard`,
  );
  return report;
}

async function oneRun(t: RuleContext, { strikeLeases = 0, ...options }: Run): Promise<ChaosReport> {
  const seed = t.random.below(1_000_000);
  const transport = await t.transport();
  const run = runChaos(transport, {
    ...options,
    ...(t.harness.wishes === undefined ? {} : { wishes: t.harness.wishes }),
    capacity: 5,
    producers: 2,
    consumers: 2,
    seed,
    onHistory: (history) => void t.histories.push(history),
    leaseMs: t.timing.leaseMs * 3,
    strikeMs: t.timing.leaseMs * strikeLeases,
    endMs: t.timing.signalMs * 3,
    signal: t.over,
  });
  // It ends everybody in it by itself.
  t.hold(() => run.catch(() => {}));
  const report = await run;
  const { safety, liveness, ...rest } = report;
  if (safety.length + liveness.length > 0)
    fail([`In a run with kills, seed ${seed}:`, ...safety, ...liveness, JSON.stringify(rest)].join("\n"));
  // One that ends as soon as somebody was struck may end before the first item.
  const isWhole = options.endsWithStrikes !== true;
  isTrue(
    !isWhole || (report.accepted > 0 && report.finished > 0),
    `Expected items to flow, got ${JSON.stringify(report)}`,
  );
  return report;
}
