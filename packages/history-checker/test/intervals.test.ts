// The checker's questions about intervals, each against the answer that needs no thought.
import fc from "fast-check";
import { expect, test } from "vitest";
import { covers, type Interval, mostOverlap, overlapWithin, unionOf } from "../src/intervals.js";

const interval = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }))
  .map(([a, b]): Interval => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const intervals = fc.array(interval, { maxLength: 12 });
// Between whole numbers nothing changes, so halves are all the instants there are.
const instants = Array.from({ length: 43 }, (_, i) => i / 2 - 0.5);

const holdsOpen = (at: number) => (one: Interval) => one.from < at && at < one.to;
const holdsClosed = (at: number) => (one: Interval) => one.from <= at && at <= one.to;

test("mostOverlap counts open intervals at their densest instant", () => {
  fc.assert(
    fc.property(intervals, (list) => {
      const counts = instants.map((at) => list.filter(holdsOpen(at)).length);
      expect(mostOverlap(list).count).toBe(Math.max(0, ...counts));
    }),
  );
});

test("covers says whether every instant of a closed interval is within the open ones", () => {
  fc.assert(
    fc.property(intervals, interval, (list, asked) => {
      const within = instants.filter((at) => holdsClosed(at)(asked));
      expect(covers(unionOf(list), asked)).toBe(within.every((at) => list.some(holdsOpen(at))));
    }),
  );
});

test("overlapWithin counts closed intervals at the densest instant of another", () => {
  fc.assert(
    fc.property(intervals, interval, (list, asked) => {
      const within = instants.filter((at) => holdsClosed(at)(asked));
      const counts = within.map((at) => list.filter(holdsClosed(at)).length);
      expect(overlapWithin(list)(asked)).toBe(Math.max(0, ...counts));
    }),
  );
});
