// Goal: what is called a change is one, and noise is none. Method: rounds made by hand, one condition broken at a time.
import { expect, test } from "vitest";
import { compare, comparisonText } from "../dist/compare.js";
import { works } from "../dist/growth.js";
import type { Work } from "../dist/works.js";
import { type ByHand, resultsByHand } from "./results-by-hand.js";

const [work, roundTrip] = ["5-1p1c", "round-trip"].map((name) => works.find((one) => one.name === name)) as [
  Work,
  Work,
];

const rounds = (around: number) => [0.98, 1.02, 1, 0.99, 1.01].map((part) => part * around);
const ofWork = (byName: Readonly<Record<string, readonly number[]>>, one = work): ByHand =>
  Object.fromEntries(Object.entries(byName).map(([name, figures]) => [name, { [one.name]: figures }]));

const changed = (before: ByHand, after: ByHand, one = work) =>
  compare(resultsByHand([one], before), resultsByHand([one], after)).changes.map(
    ({ candidate, times, peersTimes }) => ({ candidate, times: Number(times.toFixed(3)), peersTimes }),
  );

test("ranges apart and a ratio beyond 1.15 are a change, for better or worse", () => {
  const before = ofWork({ one: rounds(100), two: rounds(100), same: rounds(100) });
  const after = ofWork({ one: rounds(120), two: rounds(80), same: rounds(110) });
  expect(changed(before, after)).toEqual([
    { candidate: "one", times: 1.2, peersTimes: 1 },
    { candidate: "two", times: 0.8, peersTimes: 1 },
  ]);
});

test("ranges that overlap are none, however the medians differ", () => {
  expect(
    changed(ofWork({ one: [90, 95, 100, 105, 155] }), ofWork({ one: [150, 200, 200, 200, 200] })),
  ).toEqual([]);
});

test("of a round trip less is better", () => {
  const [before, after] = [rounds(200), rounds(100)].map((figures) => ofWork({ one: figures }, roundTrip));
  expect(changed(before as ByHand, after as ByHand, roundTrip)).toEqual([
    { candidate: "one", times: 2, peersTimes: 1 },
  ]);
});

test("what the peers did too is the machine's doing, and what they did not is a change", () => {
  const peers = (around: number) => ({
    peer1: rounds(around),
    peer2: rounds(around * 3),
    peer3: rounds(around * 9),
  });
  const before = ofWork({ ...peers(100), one: rounds(100), two: rounds(100) });
  const after = ofWork({ ...peers(150), one: rounds(150), two: rounds(100) });
  expect(changed(before, after)).toEqual([]);
  const worse = ofWork({ ...peers(150), one: rounds(150), two: rounds(70) });
  expect(changed(before, worse)).toEqual([{ candidate: "two", times: 0.7, peersTimes: 1.5 }]);
});

test("of fewer than four rounds nothing is said, and that is", () => {
  const [before, after] = [[100, 101, 102], rounds(300)].map((figures) =>
    resultsByHand([work], ofWork({ one: figures })),
  ) as [ReturnType<typeof resultsByHand>, ReturnType<typeof resultsByHand>];
  expect(compare(before, after)).toEqual({ changes: [], compared: 1, tooFew: 1 });
  expect(comparisonText(before, after)).toContain("1 have fewer than 4 rounds");
});

test("it is printed with both figures, and says where the machines differ", () => {
  const before = resultsByHand([work], ofWork({ one: rounds(100) }));
  const after = resultsByHand([work], ofWork({ one: rounds(250) }), {
    machine: { ...before.machine, node: "v24" },
  });
  expect(comparisonText(before, after).split("\n")).toEqual([
    "Compared with 2026-01-02T03:04:05.678Z: 1 figures, 1 changed beyond the noise",
    expect.stringMatching(/^ +work +before +now +times as good +the peers meanwhile$/),
    expect.stringMatching(/^ {2}one +5-1p1c +100 +250 +2\.5 +1\.00$/),
    "  Not the same Node (v20, v24): what changed may be due to that.",
  ]);
});
