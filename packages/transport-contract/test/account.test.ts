// The account of a run with kills: what it must find wrong, and what it must let pass.
import type { BufferCounts } from "@sluice/core";
import type { Operation, SearchResult } from "@sluice/history-checker";
import { expect, test } from "vitest";
import { account } from "../src/chaos/account.js";

const counts: BufferCounts = {
  ready: 0,
  leased: 0,
  parked: 0,
  dead: 0,
  discarded: 0,
  produced: 2,
  consumed: 2,
  peak: 2,
  sealed: true,
  waitingProducers: 0,
  waitingConsumers: 0,
};
let ids = 0;
const one = (
  kind: Operation["kind"],
  value: string | undefined,
  outcome: Operation["outcome"],
): Operation => ({
  process: "p",
  id: ++ids,
  kind,
  ...(value === undefined ? {} : { value }),
  invokedAt: ids * 10,
  returnedAt: outcome === undefined ? Infinity : ids * 10 + 5,
  outcome,
});
const judge = (
  mode: "take" | "lease",
  operations: Operation[],
  seen: Partial<BufferCounts> = {},
  most = 2,
  liveness: string[] = [],
  search?: SearchResult,
) =>
  account({
    seed: 1,
    kills: 1,
    stops: 0,
    options: { mode, capacity: 2 },
    counts: { ...counts, ...seen },
    most,
    operations,
    violations: [],
    struck: {},
    broken: [],
    liveness,
    search,
  });
const puts = () => [one("put", "a-1", "ok"), one("put", "a-2", "ok")];

test("finds nothing wrong where nothing is", () => {
  const report = judge("lease", [...puts(), one("ack", "a-1", "ok"), one("ack", "a-2", "ok")]);
  expect(report).toMatchObject({
    accepted: 2,
    finished: 2,
    lost: 0,
    lostMax: 0,
    twice: 0,
    safety: [],
    liveness: [],
  });
});

test("lets an item be gone with the taker that had it, and no second one", () => {
  const taken = [...puts(), one("take", "a-1", "ok"), one("take", undefined, undefined)];
  expect(judge("take", taken)).toMatchObject({ lost: 1, lostMax: 1, safety: [], liveness: [] });
  const { lost, safety } = judge("take", [...puts(), one("take", undefined, undefined)], { consumed: 1 });
  expect(lost).toBe(2);
  expect(safety[0]).toBe("2 accepted items are lost, at most 1 may be: a-1, a-2");
});

test("lets no leased item be lost, but for one whose ack never returned", () => {
  expect(judge("lease", [...puts(), one("ack", "a-1", "ok"), one("ack", "a-2", undefined)]).safety).toEqual(
    [],
  );
  const { safety } = judge(
    "lease",
    [...puts(), one("ack", "a-1", "ok"), one("lease", undefined, undefined)],
    { consumed: 1 },
  );
  expect(safety[0]).toBe("1 accepted items are lost, at most 0 may be: a-2");
});

test("finds an item that was finished twice", () => {
  const twice = [...puts(), one("ack", "a-1", "ok"), one("ack", "a-2", "ok"), one("ack", "a-2", "ok")];
  expect(judge("lease", twice, { consumed: 3 })).toMatchObject({ twice: 1 });
  expect(judge("lease", twice, { consumed: 3 }).safety).toContain("1 items were finished twice");
});

test("finds a bound that was exceeded, in the peak or by whoever looked", () => {
  const all = [...puts(), one("take", "a-1", "ok"), one("take", "a-2", "ok")];
  expect(judge("take", all, { peak: 3 }).safety).toEqual([
    "The bound of 2 was exceeded: a peak of 3, and 2 seen inside",
  ]);
  expect(judge("take", all, {}, 4).safety).toEqual([
    "The bound of 2 was exceeded: a peak of 2, and 4 seen inside",
  ]);
});

test("finds counts that the workers' own records contradict", () => {
  const all = [...puts(), one("take", "a-1", "ok"), one("take", "a-2", "ok")];
  expect(judge("take", all, { produced: 3, consumed: 3 }).safety).toEqual([
    "3 items were produced, the producers know of 2, and of 0 open ones",
    "3 items were consumed, the consumers know of 2, and of 0 open ones",
  ]);
  expect(
    judge("take", [...all, one("put", "a-3", undefined)], { produced: 3, consumed: 3 }).safety,
  ).toHaveLength(1);
  expect(judge("take", all, { ready: 1 }).safety[0]).toMatch(
    /^The ledger does not balance, or something is left/,
  );
});

test("judges a run that did not end by what was seen until then, and says apart that it did not", () => {
  const open = { produced: 2, consumed: 0, ready: 2 };
  expect(judge("lease", puts(), open, 2, ["not drained"])).toMatchObject({
    safety: [],
    liveness: ["not drained"],
    lost: 0,
  });
  const { safety } = judge("lease", puts(), { ...open, peak: 3 }, 2, ["not drained"]);
  expect(safety).toEqual(["The bound of 2 was exceeded: a peak of 3, and 2 seen inside"]);
});

test("finds that no order fits, and tells that the search gave up without calling it a fault", () => {
  const all = [...puts(), one("take", "a-1", "ok"), one("take", "a-2", "ok")];
  const wrong = judge("take", all, {}, 2, [], { verdict: "violation", steps: 7, explanation: "No order" });
  expect(wrong).toMatchObject({ search: "violation", safety: ["No order"] });
  const open = judge("take", all, {}, 2, [], { verdict: "unknown", steps: 7 });
  expect(open).toMatchObject({ search: "unknown", safety: [] });
  expect(judge("take", all).search).toBe("not made");
});
