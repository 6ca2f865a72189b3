// The first tier: an alarm over each kind of wrong history that it is made to find, in words that name the operations.
import { describe, expect, test } from "vitest";
import { checkHistory, judgeHistory, type Operation, searchHistory } from "../src/index.js";
import { randomFrom, seedFromEnvironment } from "../src/random.js";
import { randomOptions, simulateHistory } from "../src/simulation/simulate-history.js";
import { FAULTS, type Fault } from "../src/simulation/simulated-buffer.js";

const seed = seedFromEnvironment();

/** Which tiers find it, in the histories where it can be seen at all: the complete search is the judge of that. */
const tiers: Record<Fault, { readonly properties: readonly string[]; readonly mode: "take" | "lease" }> = {
  "last in, first out": { properties: ["P4"], mode: "take" },
  "drops an item": { properties: ["P3"], mode: "take" },
  "hands an item out twice": { properties: ["P2"], mode: "take" },
  "capacity + 1": { properties: ["P5"], mode: "take" },
  "false empty": { properties: ["P6"], mode: "take" },
  "false full": { properties: ["P7"], mode: "take" },
  "reorders producers": { properties: ["P4"], mode: "take" },
  "late ack accepted": { properties: ["L2"], mode: "lease" },
  "loses an item at the seal": { properties: ["P3"], mode: "take" },
  "end while leased": { properties: ["P9"], mode: "lease" },
  "acks twice": { properties: ["P2"], mode: "lease" },
  "changes bytes": { properties: ["P1"], mode: "take" },
  "accepts after the seal": { properties: ["P8"], mode: "take" },
  "hands out after the ack": { properties: ["L1"], mode: "lease" },
  "hands out a refused put": { properties: ["P1"], mode: "take" },
  "hands out before the put": { properties: ["P1"], mode: "take" },
  "same delivery number twice": { properties: ["L3"], mode: "lease" },
  "duplicates on a crash": { properties: ["P2"], mode: "take" },
  "loses what a dead holder had": { properties: ["P3"], mode: "lease" },
  "returns to the tail": { properties: ["S"], mode: "lease" },
  "expires early": { properties: ["L4"], mode: "lease" },
  "refuses a good ack": { properties: ["L4"], mode: "lease" },
  "ends without a seal": { properties: ["P9"], mode: "take" },
};

describe(`wrong histories, SLUICE_SEED=${seed}`, () => {
  test.each(FAULTS)("finds in 150 histories a buffer that: %s", (fault) => {
    const { properties, mode } = tiers[fault];
    const found = new Set<string>();
    let visible = 0;
    let first = 0;
    for (let i = 0; i < 150; i++) {
      const random = randomFrom(seed).fork(`${fault}-${i}`);
      const isCrash = fault === "duplicates on a crash" || fault === "loses what a dead holder had";
      const { operations, expectation, struck } = simulateHistory(random, {
        ...randomOptions(random),
        items: 20,
        takes: mode === "take" ? 1 : 0,
        kills: isCrash ? 3 : 0,
        unknown: 0,
        isNumbered: true,
        leaseTicks: 30,
        failuresMax: Infinity,
        fault,
      });
      if (struck === 0) continue;
      const { verdict } = searchHistory(operations, expectation, { stepsMax: 100_000 });
      const violations = checkHistory(operations, expectation);
      for (const one of violations) found.add(one.property);
      if (violations.length > 0) first++;
      // What the first tier finds is wrong: the complete search must agree.
      expect(violations.length > 0 && verdict === "linearizable", `seed ${seed}, history ${i}`).toBe(false);
      if (verdict === "violation") visible++;
      if (verdict === "violation" && violations.length === 0) found.add("S");
    }
    console.log(
      `${fault}: seen in ${visible} histories, the first tier found ${first}: ${[...found].join(" ")}`,
    );
    expect(visible).toBeGreaterThan(0);
    for (const property of properties) expect([...found]).toContain(property);
  });

  test("takes a missing hand-out for wrong, but where the queue was restarted under the call", () => {
    const operations = [
      one("put", "a", [0, 1]),
      { ...one("lease", "a", [2, 3]), deliveries: 2 },
      { ...one("ack", "a", [4, 5]), process: "p2", deliveries: 2 },
    ];
    expect(checkHistory(operations, { capacity: 2 })[0]?.property).toBe("L3");
    expect(checkHistory(operations, { capacity: 2, handOutsMayRepeat: true })).toEqual([]);
  });

  test("finds an item that was accepted twice, in both tiers", () => {
    const puts = [one("put", "a", [0, 1]), one("put", "a", [2, 3]), one("take", "a", [4, 5])];
    expect(checkHistory(puts, { capacity: 2 })[0]?.message).toMatch(
      /^P2: a was accepted twice\n {2}put of a/,
    );
    expect(searchHistory(puts, { capacity: 2 })).toMatchObject({ verdict: "violation" });
  });

  test("names the operations in its message", () => {
    const at = (invokedAt: number) => ({ invokedAt: invokedAt * 1e6, returnedAt: invokedAt * 1e6 + 5e5 });
    const violations = checkHistory(
      [
        { process: "producer-1", id: 1, kind: "put", value: "producer-1-1", outcome: "ok", ...at(1) },
        { process: "producer-1", id: 2, kind: "put", value: "producer-1-2", outcome: "ok", ...at(2) },
        { process: "consumer-1", id: 1, kind: "take", value: "producer-1-2", outcome: "ok", ...at(3) },
        { process: "consumer-1", id: 2, kind: "take", value: "producer-1-1", outcome: "ok", ...at(4) },
      ],
      { capacity: 2 },
    );
    expect(violations).toHaveLength(1);
    expect(violations[0]?.message).toBe(
      [
        "P4: producer-1-1 was put before producer-1-2, and came out after it",
        "  put of producer-1-1 by producer-1 (#1, 1.000 ms to 1.500 ms, ok)",
        "  put of producer-1-2 by producer-1 (#2, 2.000 ms to 2.500 ms, ok)",
        "  take of producer-1-2 by consumer-1 (#1, 3.000 ms to 3.500 ms, ok)",
        "  take of producer-1-1 by consumer-1 (#2, 4.000 ms to 4.500 ms, ok)",
      ].join("\n"),
    );
  });
});

const one = (
  kind: Operation["kind"],
  value: string | undefined,
  [invokedAt, returnedAt]: readonly [number, number],
  outcome: Operation["outcome"] = "ok",
): Operation => ({
  process: `p${invokedAt}`,
  id: 1,
  kind,
  ...(value ? { value } : {}),
  invokedAt,
  returnedAt,
  outcome,
});

test("an order that only the times of other items rule out is found in the second round", () => {
  // a was taken before b, so it was put before b, and so before c; c was taken before a.
  const operations = [
    one("put", "a", [0, 30]),
    one("put", "b", [2, 10]),
    one("put", "c", [12, 20]),
    one("take", "c", [40, 44]),
    one("take", "a", [46, 50]),
    one("take", "b", [52, 56]),
  ];
  expect(checkHistory(operations, { capacity: 3 })[0]?.property).toBe("P4");
  expect(searchHistory(operations, { capacity: 3 }).verdict).toBe("violation");
});

test("judgeHistory searches only where the properties hold", () => {
  const lost = judgeHistory([one("put", "a", [0, 1])], { capacity: 1 });
  expect(lost.verdict).toBe("violation");
  expect(lost.search).toBeUndefined();
  const right = judgeHistory([one("put", "a", [0, 1]), one("take", "a", [2, 3])], { capacity: 1 });
  expect(right).toMatchObject({
    verdict: "linearizable",
    violations: [],
    search: { verdict: "linearizable" },
  });
});

test("an answer that needs more steps than allowed is unknown, and says so", () => {
  const operations = [one("put", "a", [0, 1]), one("take", "a", [2, 3])];
  const { verdict, explanation } = searchHistory(operations, { capacity: 1 }, { stepsMax: 1 });
  expect(verdict).toBe("unknown");
  expect(explanation).toContain("1 steps");
  expect(judgeHistory(operations, { capacity: 1 }, { stepsMax: 1 }).verdict).toBe("unknown");
});

test("a violation is told with the longest order that could be begun, and what could not follow", () => {
  const operations = [
    one("put", "a", [0, 1]),
    one("put", "b", [2, 3], "full"),
    one("take", "a", [4, 5]),
    one("take", undefined, [6, 7], "empty"),
  ];
  const { verdict, longest, stuck, explanation } = searchHistory(operations, { capacity: 2 });
  expect({ verdict, longest, stuck }).toEqual({ verdict: "violation", longest: 1, stuck: [operations[1]] });
  expect(explanation).toBe(
    [
      "No order of the operations fits. The longest that could be begun has 1 of 4, and ends with",
      "  put of a by p0 (#1, 0.000 ms to 0.000 ms, ok)",
      "with 1 of 2 inside: a (ready). One of these had to follow, and none could:",
      "  put of b by p2 (#1, 0.000 ms to 0.000 ms, full): the buffer is not full",
    ].join("\n"),
  );
});
