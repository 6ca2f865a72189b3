/** DISK: the power is lost, and what was not synced is on the disk or not. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { completeSpec } from "@sluice/core";
import { directoryOf, folderFor } from "../disk/arena.js";
import type { PowerLossEnd, PowerLossJob } from "../disk/power/power-loss-main.js";
import { SETTINGS } from "../disk/script.js";
import { onSmallDisk, otherBootReason } from "../disk/small-disk.js";
import { straceReason } from "../disk/strace.js";
import { fail } from "../kit/expect.js";
import { type Rule, rule, Unable } from "../rule.js";
import { claims } from "./claims.js";

const MAIN = new URL("../disk/power/power-loss-main.js", import.meta.url);
const DISK_BYTES = 1024 * 1024 * 1024;
// Enough to cut a log of 256 commits three times, or one of a megabyte twice: what the first cut left is used again.
const STEPS = 1000;
const STATES = 40;
/** Where many are wanted: a run costs as much as some hundreds of them. */
const STATES_OF_A_RUN_MAX = 500;

export const diskPowerRules: readonly Rule[] = [
  rule(
    "DISK-8 has all that it told of when the power is lost, whatever of the changes that were not synced is on the disk",
    async (t) => {
      // What it claims, asked for: a harness may wish for less, so that other rules are quicker.
      const wishes = { ...t.harness.wishes, durability: "fsync" } as const;
      const spec = completeSpec(SETTINGS, "bytes");
      const folder = folderFor(t);
      const boot = join(folder, "boot");
      const all = t.trials(STATES);
      const statesOfARun = Math.ceil(all / Math.ceil(all / STATES_OF_A_RUN_MAX));
      for (let left = all; left > 0; left -= statesOfARun) {
        const transport = await t.transport();
        const directory = directoryOf(t, transport);
        // An address is to be had no other way.
        const address = await transport.create(spec, wishes);
        await (await transport.open()).destroy();
        writeFileSync(boot, "");
        const states = Math.min(left, statesOfARun);
        const job: PowerLossJob = {
          ...{ address, spec, wishes, directory, folder, boot, steps: STEPS, states },
          ...{ capabilities: t.harness.capabilities, timing: t.timing, seed: t.random.below(1_000_000) },
        };
        const env = () => ({ SLUICE_CONTRACT_POWER_LOSS: JSON.stringify(job) });
        const options = { main: MAIN, directory, bytes: DISK_BYTES, boot, env };
        const run = onSmallDisk(t, options);
        const end = (await t
          .within(run, 12 * Math.max(1, states / STATES), "the run with losses of power")
          .catch((error) => {
            const state = join(folder, "state");
            throw existsSync(state) ? new Error(`${error.message}; ${readFileSync(state, "utf8")}`) : error;
          })) as PowerLossEnd;
        if (end.unable !== undefined) throw new Unable(end.unable);
        if (end.fault !== undefined) fail(end.fault);
      }
    },
    {
      ...{ level: "stochastic", processes: true, directory: true, needs: claims("power-loss") },
      unable: () => straceReason() ?? otherBootReason(),
    },
  ),
];
