/** What a transport can be known to keep: the groups of rules, and how far a run got in each. */

import { isUpTo, type Level } from "./rule.js";
import { RULES } from "./rules/index.js";
import type { Verdict } from "./run-contract.js";

/**
 * - `core`: bound, order, waiting, seal, retries, account, values, life: without it, it is no bounded buffer.
 * - `lease`: leases, redelivery, dead letters.
 * - `durable`: what an accepted item outlives.
 * - `chaos`: the same with real processes, some of which are killed or stopped.
 * - `disk`: faults of the file medium.
 * - `stress`: sizes that take a while.
 */
export type Group = "core" | "lease" | "durable" | "chaos" | "disk" | "stress";

/** By the section of RULES.md, which is the part of a rule's number before the dash. */
const GROUP_OF: Readonly<Record<string, Group>> = {
  BOUND: "core",
  ORDER: "core",
  WAIT: "core",
  SEAL: "core",
  LEASE: "lease",
  RETRY: "core",
  COUNT: "core",
  VALUE: "core",
  LIFE: "core",
  MODEL: "core",
  PROC: "chaos",
  DURABLE: "durable",
  DISK: "disk",
  STRESS: "stress",
};

/** In the order of the rules. */
const GROUPS: readonly Group[] = ["core", "lease", "chaos", "durable", "disk", "stress"];

/** @throws TypeError for a number of no group: each rule belongs to one. */
export function groupOf(ruleNumber: string): Group {
  const group = GROUP_OF[ruleNumber.slice(0, ruleNumber.indexOf("-"))];
  if (group === undefined) throw new TypeError(`Expected the number of a rule of a group, got ${ruleNumber}`);
  return group;
}

/** None of what is no group. */
export function sectionsOf(group: string): readonly string[] {
  return Object.keys(GROUP_OF).filter((section) => GROUP_OF[section] === group);
}

/** How a transport stands in one group. */
export interface Standing {
  readonly group: Group;
  /**
   * - `kept`: every rule of the level that applies was run, and passed.
   * - `broken`: one failed.
   * - `open`: none failed, but not all that apply were run: they were not asked for, or could not be run here.
   * - `none`: nothing of it applies, since the transport does not claim it.
   */
  readonly standing: "kept" | "broken" | "open" | "none";
  readonly passed: number;
  readonly failed: number;
  /** Not claimed, and so nothing to keep. */
  readonly unclaimed: number;
  /** They apply, and were not run: left out, or not to be run on this machine. */
  readonly notRun: number;
}

/**
 * How a transport stands in each group at a level, from the verdicts of one run: one for each rule that was asked for.
 *
 * @param level - what is asked of it: the rules of this level and of those before it. Default: `stochastic`.
 */
export function standings(verdicts: readonly Verdict[], level: Level = "stochastic"): Standing[] {
  return GROUPS.map((group) => {
    const all = RULES.filter((rule) => groupOf(rule.number) === group && isUpTo(level, rule));
    const own = verdicts.filter(({ rule }) => groupOf(rule) === group);
    const seen = new Set(own.map(({ rule }) => rule));
    const count = (is: (verdict: Verdict) => boolean) => own.filter(is).length;
    const passed = count(({ outcome }) => outcome === "passed");
    const failed = count(({ outcome }) => outcome === "failed");
    const unclaimed = count(({ outcome, isUnable }) => outcome === "skipped" && isUnable !== true);
    const unable = count(({ isUnable }) => isUnable === true);
    const notRun = unable + all.filter(({ number }) => !seen.has(number)).length;
    const standing = failed > 0 ? "broken" : notRun > 0 ? "open" : passed > 0 ? "kept" : "none";
    return { group, standing, passed, failed, unclaimed, notRun };
  });
}

/** The groups that are kept, for a badge or a README: `core, lease, chaos`. */
export function levelReached(all: readonly Standing[]): string {
  const kept = all.filter(({ standing }) => standing === "kept").map(({ group }) => group);
  return kept.length === 0 ? "none" : kept.join(", ");
}
