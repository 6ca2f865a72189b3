/** DURABLE: what an accepted item outlives, as the transport claims in `survives`. */

import { arenaFor, cameToItsEnd, folderFor, recordOf } from "../disk/arena.js";
import { inspect } from "../disk/inspect.js";
import { SETTINGS, scriptOf } from "../disk/script.js";
import { possibleStates } from "../disk/script-model.js";
import { runScript, startScript } from "../disk/strace.js";
import type { RuleContext } from "../kit/context.js";
import { isTrue } from "../kit/expect.js";
import { startPuppets } from "../processes/start-puppets.js";
import { type Rule, rule } from "../rule.js";
import { claims } from "./claims.js";
import { trafficOn } from "./durable-traffic.js";

const participant = { processes: true, needs: claims("participant") } as const;
const authority = { processes: true, restart: true, needs: claims("authority") } as const;

export const durableRules: readonly Rule[] = [
  rule(
    "DURABLE-1 has all of it when every process was killed at once: items, order, deliveries, dead letters, sequences, seal",
    async (t) => {
      const script = scriptOf(t.random, 40, t.random.chance(0.3));
      const { transport, address, job } = await arenaFor(t, folderFor(t), script);
      // Over a network nobody notices a death: the leases of the dead end by time.
      const isFar = t.harness.capabilities.reach === "network";
      const leases = isFar ? { leaseMs: leaseMsOf(t) } : {};
      const { child, end, kill } = startScript({ ...job, ...leases, stays: true });
      t.hold(kill);
      const others = await startPuppets(t, 2, address);
      for (const puppet of others) void puppet.call("sample");
      await t.until(
        () => child.exitCode !== null || recordOf(job).marks.includes("over"),
        "the script comes to its end",
      );
      child.kill("SIGKILL");
      for (const puppet of others) puppet.signal("SIGKILL");
      const { signal, said } = await end;
      isTrue(signal === "SIGKILL", `Expected the script to wait for its end, it ended: ${said}`);
      await Promise.all(others.map((puppet) => puppet.kill()));
      const possible = possibleStates(script, recordOf(job).done, SETTINGS.capacity, true).at(-1) ?? [];
      const port = await t.soon(transport.open(address), "the opening afterwards");
      t.defer(() => port.destroy());
      await t.within(inspect(t, port, possible), 2, "looking at the buffer afterwards");
    },
    participant,
  ),

  rule(
    "DURABLE-2 keeps its promises when all processes are killed at once in full traffic, again and again",
    async (t) => {
      await trafficOn(t, { rounds: t.trials(2), mode: t.random.pick(["take", "lease"] as const) });
    },
    { ...participant, level: "stochastic" },
  ),

  rule(
    "DURABLE-3 has all of it when its authority was ended and started again: items, order, deliveries, dead letters, sequences, seal",
    async (t) => {
      const script = scriptOf(t.random, 40, t.random.chance(0.3));
      const { transport, address, job } = await arenaFor(t, folderFor(t), script);
      // A new authority may not know who has died meanwhile: those leases end by time.
      const { done } = cameToItsEnd(job, await runScript(t, { ...job, leaseMs: leaseMsOf(t) }));
      await t.soon(t.harness.restart?.(transport), "the restart");
      const port = await t.soon(transport.open(address), "the opening afterwards");
      t.defer(() => port.destroy());
      const possible = possibleStates(script, done, SETTINGS.capacity, true).at(-1) ?? [];
      await t.within(inspect(t, port, possible), 2, "looking at the buffer afterwards");
    },
    authority,
  ),

  rule(
    "DURABLE-4 loses nothing and finishes nothing twice when its authority is ended in full traffic, and its clients go on",
    async (t) => {
      await trafficOn(t, { rounds: t.trials(2), mode: "lease", restarts: true });
    },
    { ...authority, level: "stochastic" },
  ),
];

/** Of a lease that the script outlasts, and that whoever looks at the buffer afterwards waits out. */
function leaseMsOf({ timing }: RuleContext): number {
  return Math.min(timing.signalMs / 2, timing.leaseMs * 40);
}
