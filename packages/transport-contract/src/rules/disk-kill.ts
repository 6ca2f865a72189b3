/** DISK: a process that is killed at one of its system calls on the buffer's files. */

import { completeSpec, isBufferError } from "@sluice/core";
import { afterwards, arenaFor, at, folderFor, mostCame, recordOf, sitesOf } from "../disk/arena.js";
import { inspect } from "../disk/inspect.js";
import { SETTINGS, scriptOf } from "../disk/script.js";
import type { Job } from "../disk/script-main.js";
import { emptyState } from "../disk/script-model.js";
import { runScript, type Site, someOf, straceReason } from "../disk/strace.js";
import type { RuleContext } from "../kit/context.js";
import { fail, isTrue } from "../kit/expect.js";
import { type Rule, rule } from "../rule.js";

/** Some hundreds of commits, in which a medium is tidied up too; or few, of which more places are tried. By the seed alone. */
const STEPS = [60, 500] as const;

export const diskKillRules: readonly Rule[] = [
  rule(
    "DISK-1 keeps what it has told a process that is killed at any of its system calls on the buffer's files, and goes on",
    async (t) => {
      const folder = folderFor(t);
      const script = scriptOf(t.random, t.random.pick(STEPS), t.random.chance(0.5));
      const sites = await sitesOf(t, await arenaFor(t, folder, script));
      const chosen = someOf(sites, t.trials(4), t.random);
      let kills = 0;
      for (const site of chosen) {
        await at(`Killed at its ${site.call} number ${site.nth} (${site.shape})`, async () => {
          const arena = await arenaFor(t, folder, script);
          const isKilled = await killedAt(t, arena.job, site);
          if (isKilled) kills++;
          await afterwards(t, arena, !isKilled);
        });
      }
      mostCame(kills, chosen, "kills");
    },
    { level: "stochastic", processes: true, directory: true, unable: straceReason },
  ),

  rule(
    "DISK-2 makes a buffer whole or not at all when its maker is killed at any of its system calls",
    async (t) => {
      const folder = folderFor(t);
      const sites = await sitesOf(t, ...(await making(t, folder)));
      const chosen = someOf(sites, t.trials(2), t.random);
      let kills = 0;
      for (const site of chosen) {
        await at(`Killed at its ${site.call} number ${site.nth} (${site.shape})`, async () => {
          const [{ transport }, job] = await making(t, folder);
          if (await killedAt(t, job, site)) kills++;
          const isThere = await transport.open().then(
            (port) => port,
            (error) => (isBufferError(error, "BUFFER_NOT_FOUND") ? undefined : fail(String(error))),
          );
          isTrue(
            isThere !== undefined || !recordOf(job).marks.includes("made"),
            "Expected the buffer, whose maker had been told that it is there",
          );
          if (isThere === undefined)
            await transport.create(completeSpec(SETTINGS, "bytes"), t.harness.wishes ?? {});
          const port = isThere ?? (await transport.open());
          await t.within(inspect(t, port, [emptyState()]), 2, "looking at the buffer afterwards");
          await port.destroy();
        });
      }
      mostCame(kills, chosen, "kills");
    },
    { level: "stochastic", processes: true, directory: true, unable: straceReason },
  ),
];

/** @returns whether it was killed; the call may be one that does not come this time. */
async function killedAt(t: RuleContext, job: Job, site: Site): Promise<boolean> {
  const inject = `inject=${site.call}:signal=KILL:when=${site.nth}`;
  const { code, signal, said } = await runScript(t, job, {
    strace: ["-o", "/dev/null", "-e", `trace=${site.call}`, "-e", inject],
  });
  if (signal === "SIGKILL") return true;
  return code === 0 ? false : fail(`The process ended with ${code ?? signal}: ${said}`);
}

/** A job that makes a buffer where there was one: an address is to be had no other way. */
async function making(t: RuleContext, folder: string) {
  const arena = await arenaFor(t, folder, []);
  await (await arena.transport.open()).destroy();
  const create = { spec: completeSpec(SETTINGS, "bytes"), wishes: t.harness.wishes ?? {} };
  return [arena, { ...arena.job, create }] as const;
}
