/** At which of a script's system calls something is made to happen: at some, of as many kinds as there are, or at every one. */

import type { RuleContext } from "../kit/context.js";
import { fail } from "../kit/expect.js";
import { type Arena, arenaFor, sitesOf } from "./arena.js";
import { type Step, scriptOf } from "./script.js";
import type { Job } from "./script-main.js";
import { type Site, someOf } from "./strace.js";

/** From so much of the usual effort on nothing is left out: each call of a script of as many steps as the effort. */
const ALL_FROM = 20;

/** In such a run most places are of a kind that was looked at for long already. */
const ROUNDS_OF_MANY = 3;

/** Node's own calls come in between, a few more or fewer each time: who aims at one call may meet its neighbour. */
const AIMS_MAX = 6;

export interface Places {
  readonly sites: readonly Site[];
  /** All that there are. */
  readonly isAll: boolean;
}

/** What became of one run. */
export interface Came {
  /** What was to happen happened. */
  readonly came: boolean;
  /** How many of the calls of that name on the buffer's files had gone by before. */
  readonly before: number;
  /** Whether it happened at the next one of these, and not at one of Node's own. */
  readonly isAtOwn: boolean;
}

/** @param usual - how many steps, and at how many places, if it is not to be all. */
export async function scriptWithPlaces(
  t: RuleContext,
  folder: string,
  usual: { readonly steps: number; readonly places: number },
): Promise<Places & { readonly script: readonly Step[] }> {
  const steps = isAllOf(t) ? t.trials(1) : usual.steps;
  const script = scriptOf(t.random, steps, t.random.chance(0.5));
  const arena = await arenaFor(t, folder, script);
  return { script, ...(await placesOf(t, arena, arena.job, usual.places)) };
}

export async function placesOf(t: RuleContext, arena: Arena, job: Job, usual: number): Promise<Places> {
  const all = await sitesOf(t, arena, job);
  return isAllOf(t)
    ? { sites: all, isAll: true }
    : { sites: someOf(all, t.trials(usual), t.random), isAll: false };
}

function isAllOf(t: RuleContext): boolean {
  return t.trials(1) >= ALL_FROM;
}

/**
 * Lets it happen at each of them. Where they are some, most must be met, or nothing was looked at; where they are all, every one.
 *
 * @param act - one run, looked at afterwards, over so many rounds at most.
 * @param what - is to happen, for a message: `a kill`.
 */
export async function atEach(
  { sites, isAll }: Places,
  what: string,
  act: (site: Site, roundsMax: number | undefined) => Promise<Came>,
): Promise<void> {
  const kinds = new Set<string>();
  let came = 0;
  const missed: string[] = [];
  for (const site of sites) {
    const isNew = !kinds.has(site.shape);
    kinds.add(site.shape);
    let { nth } = site;
    let isMet = false;
    for (let aims = 0; !isMet && aims < (isAll ? AIMS_MAX : 1); aims++) {
      const one = await act({ ...site, nth }, isNew ? undefined : ROUNDS_OF_MANY);
      if (one.came) came++;
      isMet = one.came && one.isAtOwn && one.before === site.which - 1;
      nth = Math.max(1, nth + nextAim(site, one));
    }
    if (!isMet) missed.push(`${site.call} number ${site.which} (${site.shape})`);
  }
  if (isAll && missed.length > 0)
    fail(
      `Expected ${what} at each of ${sites.length} calls on the buffer's files, ${missed.length} were never met: ${missed.slice(0, 5).join(", ")}`,
    );
  if (came * 2 < sites.length || came === 0)
    fail(`Expected most of ${sites.length} times ${what} to come, ${came} did`);
}

/** By how many calls the next aim is further on. */
function nextAim({ which }: Site, { came, before, isAtOwn }: Came): number {
  if (!came) return -1;
  const missing = which - 1 - before;
  // One of Node's own stood before the one that was meant.
  return missing === 0 && !isAtOwn ? 1 : missing;
}
