/** How the cost of an item grows with something else: the works that show it, and what is called flat. */

import { BATCH_DEFAULT, basicWorks, concurrent, throughput, type Work, withOutstanding } from "./works.js";

export interface Series {
  /** What grows. */
  readonly name: string;
  readonly title: string;
  /** In ascending order. */
  readonly points: readonly { readonly size: number; readonly work: Work }[];
}

// Powers of ten from one to another, both included.
function tens(from: number, to: number): number[] {
  const sizes: number[] = [];
  for (let size = from; size <= to; size *= 10) sizes.push(size);
  return sizes;
}

const inBatches = (capacity: number) => throughput(capacity, 1, Math.min(capacity, BATCH_DEFAULT));

const waiters = concurrent(5, 2);

export const growth: readonly Series[] = [
  {
    name: "items",
    title: "items that go through one buffer (capacity 1024, in batches of 128)",
    points: tens(10_000, 1_000_000).map((items) => {
      const work = inBatches(1024);
      return {
        size: items,
        work: { ...work, name: `items-${items}`, title: `${work.title}, ${items} items`, items },
      };
    }),
  },
  {
    name: "capacity",
    title: "capacity (in batches of at most 128)",
    points: tens(1, 100_000).map((capacity) => ({ size: capacity, work: inBatches(capacity) })),
  },
  {
    name: "backlog",
    title: "items in the buffer: filled to its capacity, and then emptied (in batches of at most 128)",
    points: tens(1_000, 100_000).map((items) => {
      const work = inBatches(items);
      const [name, title] = [`backlog-${items}`, `${work.title}, filled and then emptied`];
      return { size: items, work: { ...work, name, title, items, isBacklog: true } };
    }),
  },
  {
    name: "processes",
    title: "processes, half of them producers (capacity 5, one at a time)",
    points: [1, 2, 4, 8].map((pairs) => ({ size: 2 * pairs, work: throughput(5, pairs, 1) })),
  },
  {
    name: "waiters",
    title: "calls that wait at each end (capacity 5, one item a call)",
    points: [
      { size: 1, work: throughput(5, 1, 1) },
      ...tens(10, 1_000).map((size) => ({ size, work: withOutstanding(size, waiters) })),
    ],
  },
];

/** All there are, each once. */
export const works: readonly Work[] = [
  ...new Map(
    [...basicWorks, ...growth.flatMap(({ points }) => points.map(({ work }) => work))].map((work) => [
      work.name,
      work,
    ]),
  ).values(),
];

export type Growth = "flat" | "logarithmic" | "grows";

// What is not more than the noise between two runs on a shared machine.
const FLAT_MAX = 1.3;

/**
 * What the cost of an item does from the smallest size to the largest: `flat` if none of the larger ones costs 1.3 times
 * what the cheapest of the smaller ones does; `logarithmic` if a tenfold size never adds more than that cheapest one costs;
 * else it `grows`. Undefined for fewer than two sizes.
 */
export function growthOf(
  points: readonly { readonly size: number; readonly cost: number }[],
): Growth | undefined {
  if (points.length < 2) return undefined;
  let [cheapest] = points as [(typeof points)[number]];
  let verdict: Growth = "flat";
  for (const point of points) {
    if (point.cost <= cheapest.cost) cheapest = point;
    const times = point.cost / cheapest.cost;
    if (times <= FLAT_MAX) continue;
    if (times > 1 + Math.log10(point.size / cheapest.size)) return "grows";
    verdict = "logarithmic";
  }
  return verdict;
}
