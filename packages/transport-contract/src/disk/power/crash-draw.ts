/** At which instants the power goes, and what is lost then: drawn, the systematic ways among the others. */

import type { Random } from "@sluice/history-checker/random";
import { shapeOf } from "../shape.js";
import { someOf } from "../strace.js";
import { type Fate, sectorsOf, unsynced } from "./crash-state.js";
import type { Change } from "./file-changes.js";

/** An instant: before the call of that line of the log. */
export interface Instant {
  readonly line: number;
  /** What had just been done, for a message. */
  readonly after: string;
}

/** What the process was told of, and at which line. */
export interface Mark {
  readonly line: number;
  readonly text: string;
  /** Marks of one kind are as good as each other. */
  readonly shape: string;
}

/** So many, of as many kinds as there are: after a change that nothing has synced yet, and after an answer. */
export function instantsOf(
  changes: readonly Change[],
  marks: readonly Mark[],
  count: number,
  random: Random,
): Instant[] {
  const places = [
    ...changes.map(({ end, text }) => ({ line: end + 1, after: text, shape: shapeOf(text) })),
    ...marks.map(({ line, text, shape }) => ({ line: line + 1, after: text, shape })),
  ];
  const chosen: Instant[] = [];
  while (chosen.length < count && places.length > 0)
    chosen.push(...someOf(places, count - chosen.length, random));
  return chosen;
}

type Draw = (pending: readonly Change[], random: Random) => Map<Change, Fate>;

const loseIf = (pending: readonly Change[], isLost: (change: Change, at: number) => boolean) =>
  new Map<Change, Fate>(pending.map((change, at) => [change, isLost(change, at) ? "lost" : "kept"]));

const DRAWS: readonly Draw[] = [
  (pending) => loseIf(pending, () => true),
  (pending) => loseIf(pending, () => false),
  (pending, random) => {
    const first = near(pending, random);
    return loseIf(pending, (_, at) => at >= first);
  },
  (pending, random) => {
    const one = near(pending, random);
    return loseIf(pending, (_, at) => at === one);
  },
  (pending, random) => {
    const one = near(pending, random);
    return loseIf(pending, (_, at) => at !== one);
  },
  // Names without bytes, and bytes without names.
  (pending) => loseIf(pending, ({ kind }) => kind !== "names"),
  (pending) => loseIf(pending, ({ kind }) => kind === "names"),
  any,
  any,
  torn,
  torn,
];

export function drawFates(pending: readonly Change[], random: Random): Map<Change, Fate> {
  return random.pick(DRAWS)(pending, random);
}

/** Mostly one of the last: what was done long ago is on the disk, or of no importance any more. */
function near(pending: readonly Change[], random: Random): number {
  return random.chance(0.7)
    ? Math.max(0, pending.length - 1 - random.below(8))
    : random.below(Math.max(1, pending.length));
}

function any(pending: readonly Change[], random: Random): Map<Change, Fate> {
  const lost = random.pick([0.1, 0.5, 0.9]);
  return loseIf(pending, () => random.chance(lost));
}

function torn(pending: readonly Change[], random: Random): Map<Change, Fate> {
  const fates = random.chance(0.5) ? loseIf(pending, () => false) : any(pending, random);
  for (const change of pending) {
    if (change.kind !== "bytes" || !random.chance(0.5)) continue;
    const sectors = sectorsOf(change);
    const some = random.chance(0.4)
      ? sectors.slice(0, random.below(sectors.length + 1))
      : sectors.filter(() => random.chance(0.5));
    fates.set(change, { sectors: new Set(some) });
  }
  return fates;
}

/**
 * The fewest losses with which it goes wrong, by leaving out one after the other, halves before single ones.
 *
 * @param goesWrong - whether a state with these losses, and no others, is wrong as well.
 */
export async function fewestLosses(
  fates: ReadonlyMap<Change, Fate>,
  goesWrong: (fates: ReadonlyMap<Change, Fate>) => Promise<boolean>,
  triesMax: number,
): Promise<ReadonlyMap<Change, Fate>> {
  let losses = [...fates].filter(([, fate]) => fate !== "kept");
  let tries = 0;
  for (let size = Math.ceil(losses.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < losses.length && tries < triesMax; tries++) {
      const fewer = [...losses.slice(0, at), ...losses.slice(at + size)];
      if (await goesWrong(new Map(fewer))) losses = fewer;
      else at += size;
    }
  }
  return new Map(losses);
}

/** What was lost, for a message. */
export function told(changes: readonly Change[], line: number, fates: ReadonlyMap<Change, Fate>): string {
  const pending = unsynced(changes, line);
  const lost = pending.flatMap((change) => {
    const fate = fates.get(change) ?? "kept";
    if (fate === "kept") return [];
    if (fate === "lost" || change.kind !== "bytes") return [shortened(change.text)];
    return [`${shortened(change.text)}, but for ${fate.sectors.size} of ${sectorsOf(change).length} sectors`];
  });
  if (lost.length === 0) return `with all ${pending.length} unsynced changes on the disk`;
  const some = lost.length > 8 ? [...lost.slice(0, 8), `and ${lost.length - 8} more`] : lost;
  return `with ${lost.length} of ${pending.length} unsynced changes lost (${some.join("; ")})`;
}

/** Drawn parts of names by their beginnings, and long names too. */
export function shortened(text: string): string {
  return text.replace(/([0-9a-f]{6})[0-9a-f]{3,}/g, "$1…").replace(/([^/ ]{24})[^/ ]{8,}/g, "$1…");
}
