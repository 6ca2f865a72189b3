/** DISK: a process that is killed at one of its system calls on the buffer's files. */

import { readFileSync } from "node:fs";
import { completeSpec, isBufferError } from "@sluice/core";
import { type Arena, afterwards, arenaFor, at, directoryOf, folderFor, recordOf } from "../disk/arena.js";
import { inspect } from "../disk/inspect.js";
import { atEach, type Came, placesOf, scriptWithPlaces } from "../disk/places.js";
import { SETTINGS } from "../disk/script.js";
import type { Job } from "../disk/script-main.js";
import { emptyState } from "../disk/script-model.js";
import { runScript, type Site, sitesIn, straceReason, threadOf } from "../disk/strace.js";
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
      const usual = { steps: t.random.pick(STEPS), places: 4 };
      const { script, ...places } = await scriptWithPlaces(t, folder, usual);
      await atEach(places, "a kill", (site, roundsMax) =>
        at(worded(site), async () => {
          const arena = await arenaFor(t, folder, script);
          const killed = await killedAt(t, arena, arena.job, site);
          await afterwards(t, arena, !killed.came, roundsMax);
          return killed;
        }),
      );
    },
    { level: "stochastic", processes: true, directory: true, unable: straceReason },
  ),

  rule(
    "DISK-2 makes a buffer whole or not at all when its maker is killed at any of its system calls",
    async (t) => {
      const folder = folderFor(t);
      const places = await placesOf(t, ...(await making(t, folder)), 2);
      await atEach(places, "a kill", (site, roundsMax) =>
        at(worded(site), async () => {
          const [arena, job] = await making(t, folder);
          const { transport } = arena;
          const killed = await killedAt(t, arena, job, site);
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
          const looking = inspect(t, port, [emptyState()], { roundsMax });
          await t.within(looking, 2, "looking at the buffer afterwards");
          await port.destroy();
          return killed;
        }),
      );
    },
    { level: "stochastic", processes: true, directory: true, unable: straceReason },
  ),
];

function worded({ call, nth, shape }: Site): string {
  return `Killed at its ${call} number ${nth} (${shape})`;
}

/** @returns whether it was killed, and where; the call may be one that does not come this time. */
async function killedAt(t: RuleContext, { transport }: Arena, job: Job, site: Site): Promise<Came> {
  const inject = `inject=${site.call}:signal=KILL:when=${site.nth}`;
  const log = `${job.record}.log`;
  const { code, signal, said } = await runScript(t, job, {
    strace: [{ ...threadOf(site), options: ["-y", "-o", log, "-e", `trace=${site.call}`, "-e", inject] }],
  });
  if (signal !== "SIGKILL" && code !== 0) fail(`The process ended with ${code ?? signal}: ${said}`);
  const seen = sitesIn(readFileSync(log, "utf8"), directoryOf(t, transport));
  const came = signal === "SIGKILL";
  // A call that begins and is not seen to end.
  const isAtOwn = came && !/ = -?\d/.test(seen.at(-1)?.line ?? " = 0");
  return { came, isAtOwn, before: seen.length - (isAtOwn ? 1 : 0) };
}

/** A job that makes a buffer where there was one: an address is to be had no other way. */
async function making(t: RuleContext, folder: string) {
  const arena = await arenaFor(t, folder, []);
  await (await arena.transport.open()).destroy();
  const create = { spec: completeSpec(SETTINGS, "bytes"), wishes: t.harness.wishes ?? {} };
  return [arena, { ...arena.job, create }] as const;
}
