/**
 * What changed from one file of results to another, beyond the noise. A figure has changed if
 *
 * - the ranges of its rounds do not overlap: of five and five rounds of the same thing, that comes about once in 126;
 * - and its median is 1.15 times what it was, or more, or as much less;
 * - and is so still when it is divided by what the peers did meanwhile with the same work (the median of their ratios).
 *   Their code is frozen, so that what they all do differently is the machine's doing, on this day or in this hour.
 *
 * With fewer than four rounds ranges fail to overlap by chance too often (of three and three, one in ten), and nothing
 * is said.
 */

import { figuresIn } from "./figures.js";
import { aligned, showCount, showRatio, showUs } from "./format.js";
import type { Results } from "./results.js";
import { spreadOf } from "./statistics.js";
import type { Work } from "./works.js";

const RATIO_MIN = 1.15;
const ROUNDS_MIN = 4;
/** Fewer of them say little about the machine. */
const PEERS_MIN = 3;

interface Change {
  readonly work: Work;
  readonly candidate: string;
  readonly isPeer: boolean;
  readonly before: number;
  readonly after: number;
  /** How many times as good as before: above 1 it is better. */
  readonly times: number;
  /** What the peers did with this work; 1 where there are too few. */
  readonly peersTimes: number;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** Figures that both have. */
  readonly compared: number;
  /** Of those, which have too few rounds. */
  readonly tooFew: number;
}

export function compare(before: Results, after: Results): Comparison {
  const changes: Change[] = [];
  let [compared, tooFew] = [0, 0];
  for (const work of after.works) {
    const pairs = pairsOf(before, after, work);
    const ofPeers = pairs
      .filter(({ isPeer, times }) => isPeer && Number.isFinite(times))
      .map(({ times }) => times);
    const peersTimes = ofPeers.length < PEERS_MIN ? 1 : (spreadOf(ofPeers)?.median ?? 1);
    for (const { rounds, overlap, ...pair } of pairs) {
      compared += 1;
      if (rounds < ROUNDS_MIN) tooFew += 1;
      else if (!overlap && isBeyond(pair.times) && isBeyond(pair.times / peersTimes))
        changes.push({ ...pair, work, peersTimes });
    }
  }
  return { changes, compared, tooFew };
}

function isBeyond(times: number): boolean {
  return times >= RATIO_MIN || times <= 1 / RATIO_MIN;
}

function pairsOf(before: Results, after: Results, work: Work) {
  const isSame = before.works.some(({ name, kind }) => name === work.name && kind === work.kind);
  if (!isSame) return [];
  return after.candidates.flatMap(({ name, isOurs }) => {
    const [old, now] = [before, after].map((results) => figuresIn(results, work.name, name)) as [
      number[],
      number[],
    ];
    const [oldSpread, nowSpread] = [spreadOf(old), spreadOf(now)];
    if (oldSpread === undefined || nowSpread === undefined) return [];
    const ratio = nowSpread.median / oldSpread.median;
    return [
      {
        candidate: name,
        isPeer: !isOurs,
        before: oldSpread.median,
        after: nowSpread.median,
        // Of a round trip less is more.
        times: work.kind === "round-trip" ? 1 / ratio : ratio,
        rounds: Math.min(old.length, now.length),
        overlap: nowSpread.min <= oldSpread.max && oldSpread.min <= nowSpread.max,
      },
    ];
  });
}

export function comparisonText(before: Results, after: Results): string {
  const { changes, compared, tooFew } = compare(before, after);
  const title = `Compared with ${before.machine.date}: ${compared} figures, ${changes.length} changed beyond the noise`;
  const warnings = [
    ...differences(before, after).map((what) => `  Not the same ${what}: what changed may be due to that.`),
    ...(tooFew > 0
      ? [`  ${tooFew} have fewer than ${ROUNDS_MIN} rounds, and nothing can be said of them.`]
      : []),
    ...(changes.some(({ isPeer }) => isPeer)
      ? ["  A peer among them has not changed by itself: the machine has, or its version."]
      : []),
  ];
  if (changes.length === 0) return [title, ...warnings].join("\n");
  const head = ["", "work", "before", "now", "times as good", "the peers meanwhile"];
  const rows = changes.map(({ work, candidate, isPeer, before: old, after: now, times, peersTimes }) => {
    const show = work.kind === "round-trip" ? showUs : showCount;
    const name = isPeer ? `${candidate} (peer)` : candidate;
    return [name, work.name, show(old), show(now), showTimes(times), showTimes(peersTimes)];
  });
  return [title, ...aligned([head, ...rows], 2), ...warnings].join("\n");
}

// Near to one, two digits are too few.
function showTimes(times: number): string {
  return times > 0.5 && times < 2 ? times.toFixed(2) : showRatio(times);
}

function differences({ machine: old }: Results, { machine: now }: Results): string[] {
  const parts = {
    cpu: "processor",
    cores: "number of cores",
    node: "Node",
    fileSystem: "file system",
  } as const;
  return Object.entries(parts).flatMap(([key, what]) => {
    const name = key as keyof typeof parts;
    return old[name] === now[name] ? [] : [`${what} (${old[name]}, ${now[name]})`];
  });
}
