/** DISK: a medium that has no room, or that reports errors. */

import { readFileSync } from "node:fs";
import { completeSpec } from "@sluice/core";
import { afterwards, arenaFor, at, cameToItsEnd, directoryOf, folderFor, recordOf } from "../disk/arena.js";
import type { FullDiskJob } from "../disk/full-disk-main.js";
import { checkInjected, isInjected } from "../disk/injected.js";
import { atEach, type Came, scriptWithPlaces } from "../disk/places.js";
import { scriptOf } from "../disk/script.js";
import type { Job } from "../disk/script-main.js";
import { onSmallDisk, smallDiskReason } from "../disk/small-disk.js";
import { runScript, type Site, sitesIn, straceReason, threadOf } from "../disk/strace.js";
import { fail, isTrue } from "../kit/expect.js";
import { type Rule, rule, Unable } from "../rule.js";

const FULL_DISK_MAIN = new URL("../disk/full-disk-main.js", import.meta.url);
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
          const run = onSmallDisk(t, { main: FULL_DISK_MAIN, directory, bytes, env });
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
      const { script, ...places } = await scriptWithPlaces(t, folder, { steps: 40, places: 5 });
      await atEach(places, "an error", (site, roundsMax) => {
        // Of all places at each the one that a disk gives that breaks.
        const isEio = t.random.chance(0.6) || places.isAll;
        const error = isEio ? "EIO" : t.random.pick(["ENOSPC", "EACCES", "EROFS", "EDQUOT"]);
        const when = `${site.nth}${t.random.chance(0.3) ? "+" : ""}`;
        return at(`With ${error} from its ${site.call} number ${when} (${site.shape})`, async () => {
          const arena = await arenaFor(t, folder, script);
          const inject = `inject=${site.call}:error=${error}:when=${when}`;
          const traced = withWrites(arena.job, site, inject);
          const { code, said } = await runScript(t, arena.job, { strace: traced.strace });
          const { marks } = recordOf(arena.job);
          const isOver = marks.at(-1) === "over";
          // Before there is a handle it may have met a call of Node's own.
          if (marks.includes("ready") && !isOver) fail(`The process ended with ${code}: ${said}`);
          const lines = traced.lines();
          if (isOver) await checkInjected(arena, site.call, lines);
          await afterwards(t, arena, isOver, roundsMax);
          return injectedIn(lines, site.call, sitesIn(lines.join("\n"), directoryOf(t, arena.transport)));
        });
      });
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

/** strace on the thread of a site, and on the main one for what it writes down of the steps. */
function withWrites(job: Job, site: Site, inject: string) {
  const logs = [`${job.record}.log`, `${job.record}.main.log`] as const;
  const options = (log: string, call: string) => ["-y", "-ttt", "-o", log, "-e", `trace=writev,${call}`];
  const strace = [{ ...threadOf(site), options: [...options(logs[0], site.call), "-e", inject] }];
  if (site.thread > 0) strace.push({ thread: 0, options: options(logs[1], "writev") });
  return {
    strace,
    lines: () => {
      const lines = logs.slice(0, strace.length).flatMap((log) => readFileSync(log, "utf8").split("\n"));
      const timed = lines.flatMap((line) => {
        const time = /^(?:\d+\s+)?(\d+\.\d+) /.exec(line)?.[1];
        return time === undefined ? [] : [{ time, line }];
      });
      // Texts of equal length.
      timed.sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
      return timed.map(({ line }) => line);
    },
  };
}

/** Where it came first. */
function injectedIn(lines: readonly string[], call: string, sites: readonly Site[]): Came {
  const first = lines.findIndex(isInjected);
  const own = sites.filter((site) => site.call === call);
  const at = own.findIndex(({ line }) => line === lines[first]);
  const seen = new Set(lines.slice(0, first));
  return {
    came: first >= 0,
    isAtOwn: at >= 0,
    before: at >= 0 ? at : own.filter(({ line }) => seen.has(line)).length,
  };
}

function shortenedFile({ record }: Job): string {
  return `${record}.shortened`;
}

/** How many writes of its process were made short. */
function shortWritesOf(job: Job): number {
  return Number(readFileSync(shortenedFile(job), "utf8"));
}
