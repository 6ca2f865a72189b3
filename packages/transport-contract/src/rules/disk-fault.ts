/** DISK: a medium that has no room, or that reports errors. */

import { readFileSync } from "node:fs";
import { completeSpec } from "@sluice/core";
import {
  afterwards,
  arenaFor,
  at,
  cameToItsEnd,
  directoryOf,
  folderFor,
  mostCame,
  recordOf,
  sitesOf,
} from "../disk/arena.js";
import type { FullDiskJob } from "../disk/full-disk-main.js";
import { checkInjected, isInjected } from "../disk/injected.js";
import { scriptOf } from "../disk/script.js";
import type { Job } from "../disk/script-main.js";
import { onSmallDisk, smallDiskReason } from "../disk/small-disk.js";
import { runScript, someOf, straceReason } from "../disk/strace.js";
import { fail, isTrue } from "../kit/expect.js";
import { type Rule, rule, Unable } from "../rule.js";

const MEGABYTE = 1024 * 1024;

export const diskFaultRules: readonly Rule[] = [
  rule(
    "DISK-5 refuses puts on a full disk with STORAGE_FULL and no effect; takes, settlements and the seal go on for all",
    async (t) => {
      const settings = { capacity: 64, failuresMax: 1000, deadLettersMax: 4 };
      const spec = completeSpec(settings, "bytes");
      for (let n = 0; n < t.trials(1); n++) {
        const transport = await t.transport();
        const directory = directoryOf(t, transport);
        const address = await transport.create(spec, t.harness.wishes ?? {});
        await (await transport.open()).destroy();
        const job: FullDiskJob = { address, spec, wishes: t.harness.wishes ?? {}, directory };
        for (let bytes = (0.25 + t.random.below(8) / 4) * MEGABYTE; ; bytes *= 2) {
          if (bytes > 512 * MEGABYTE) fail("Expected a buffer of 4 MB to find room in 512 MB");
          const env = (disk: string) => ({ SLUICE_CONTRACT_FULL_DISK: JSON.stringify({ ...job, disk }) });
          const run = onSmallDisk(t, { main: "./full-disk-main.js", directory, bytes, env });
          const came = (await t.within(run, 5, "the run on a full disk")) as {
            fault?: string;
            isTooSmall?: boolean;
          };
          if (came.fault !== undefined) fail(`On a disk of ${bytes} bytes: ${came.fault}`);
          if (came.isTooSmall !== true) break;
        }
      }
    },
    { level: "stochastic", processes: true, directory: true, unable: smallDiskReason },
  ),

  rule(
    "DISK-6 accepts nothing falsely when a system call on its files fails, once or from then on, and trusts no handle whose sync failed",
    async (t) => {
      const folder = folderFor(t);
      const script = scriptOf(t.random, 40, t.random.chance(0.5));
      const sites = await sitesOf(t, await arenaFor(t, folder, script));
      const chosen = someOf(sites, t.trials(5), t.random);
      let came = 0;
      for (const site of chosen) {
        const error = t.random.chance(0.6) ? "EIO" : t.random.pick(["ENOSPC", "EACCES", "EROFS", "EDQUOT"]);
        const when = `${site.nth}${t.random.chance(0.3) ? "+" : ""}`;
        await at(`With ${error} from its ${site.call} number ${when} (${site.shape})`, async () => {
          const arena = await arenaFor(t, folder, script);
          const inject = `inject=${site.call}:error=${error}:when=${when}`;
          const log = `${arena.job.record}.log`;
          const { code, said } = await runScript(t, arena.job, {
            strace: ["-y", "-o", log, "-e", `trace=writev,${site.call}`, "-e", inject],
          });
          const { marks } = recordOf(arena.job);
          const isOver = marks.at(-1) === "over";
          // Before there is a handle it may have met a call of Node's own.
          if (marks.includes("ready") && !isOver) fail(`The process ended with ${code}: ${said}`);
          const lines = readFileSync(log, "utf8").split("\n");
          if (lines.some(isInjected)) came++;
          if (isOver) await checkInjected(arena, site.call, lines);
          await afterwards(t, arena, isOver);
        });
      }
      mostCame(came, chosen, "errors");
    },
    { level: "stochastic", processes: true, directory: true, unable: straceReason },
  ),

  rule(
    "DISK-7 goes on with a write that took only a part",
    async (t) => {
      const folder = folderFor(t);
      let shortened = 0;
      for (let n = 0; n < t.trials(2); n++) {
        const script = scriptOf(t.random, 60, t.random.chance(0.5));
        const arena = await arenaFor(t, folder, script);
        const preload = new URL("../disk/short-writes-preload.js", import.meta.url).href;
        const env = {
          SLUICE_CONTRACT_SHORT_WRITES: String(t.random.below(1_000_000)),
          SLUICE_CONTRACT_SHORTENED: shortenedFile(arena.job),
        };
        const { done } = cameToItsEnd(arena.job, await runScript(t, arena.job, { preload, env }));
        shortened += shortWritesOf(arena.job);
        const refused = done.find(({ outcome }) => outcome === "none" || outcome === "unknown");
        isTrue(refused === undefined, `Expected no step to be refused, one was: ${refused?.answer}`);
        await afterwards(t, arena, true);
      }
      if (shortened === 0)
        throw new Unable(
          "it writes by neither `write` nor `writeSync`, which are all that can be made short",
        );
    },
    { level: "stochastic", processes: true, directory: true },
  ),
];

function shortenedFile({ record }: Job): string {
  return `${record}.shortened`;
}

/** How many writes of its process were made short. */
function shortWritesOf(job: Job): number {
  return Number(readFileSync(shortenedFile(job), "utf8"));
}
