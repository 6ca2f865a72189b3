// The first tier: an alarm over each kind of wrong history that it is made to find, in words that name the operations.
import { describe, expect, test } from "vitest";
import { checkHistory, judgeHistory, type Operation, searchHistory } from "../src/index.js";
import { randomFrom, seedFromEnvironment } from "../src/random.js";
import { randomOptions, simulateHistory } from "../src/simulation/simulate-history.js";
import { FAULTS, type Fault } from "../src/simulation/simulated-buffer.js";

const seed = seedFromEnvironment();

/** Which tiers find it, in the histories where it can be seen at all: the complete search is the judge of that. */
const tiers: Record<
  Fault,
  {
    readonly properties: readonly string[];
    readonly mode: "take" | "lease" | "two steps";
    readonly bytesMax?: number;
  }
> = {
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
  "frees the slot of what is in hand": { properties: ["P5"], mode: "two steps" },
  "hands more than one to whoever dies": { properties: ["S"], mode: "two steps" },
  "confirms what went back": { properties: ["P2"], mode: "two steps" },
  "exceeds its bytes": { properties: ["P5"], mode: "take", bytesMax: 15 },
  "counts bytes that are gone": { properties: ["P7"], mode: "take", bytesMax: 15 },
};

const CRASHES: ReadonlySet<Fault> = new Set([
  "duplicates on a crash",
  "loses what a dead holder had",
  "frees the slot of what is in hand",
  "hands more than one to whoever dies",
]);

describe(`wrong histories, SLUICE_SEED=${seed}`, () => {
  test.each(FAULTS)("finds in some hundred histories a buffer that: %s", (fault) => {
    const { properties, mode, bytesMax } = tiers[fault];
    const found = new Set<string>();
    let visible = 0;
    let first = 0;
    const histories = fault === "hands more than one to whoever dies" ? 600 : 150;
    for (let i = 0; i < histories; i++) {
      const random = randomFrom(seed).fork(`${fault}-${i}`);
      const isCrash = CRASHES.has(fault);
      const { operations, expectation, struck } = simulateHistory(random, {
        ...randomOptions(random),
        items: 20,
        takes: mode === "lease" ? 0 : 1,
        takesInTwoSteps: mode === "two steps",
        bytesMax: bytesMax ?? Infinity,
        kills: isCrash ? 3 : 0,
        ...(fault === "hands more than one to whoever dies" ? { capacity: 5, consumers: 4, kills: 6 } : {}),
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

  describe("a take in two steps", () => {
    const inHand = { capacity: 1, takesInTwoSteps: true };
    const taken = [one("put", "a", [0, 1]), one("take", "a", [2, 20])];
    // The item is out, and its slot is not free: no instant of a take in one step is both.
    const between = [one("take", undefined, [4, 6], "empty"), one("put", "b", [8, 10], "full")];

    test("lets others be told empty and then full", () => {
      expect(judgeHistory([...taken, ...between], inHand).verdict).toBe("linearizable");
      expect(judgeHistory([...taken, ...between], { capacity: 1 }).verdict).toBe("violation");
    });

    test("lets nobody be told full and then empty, nor the end before it is confirmed", () => {
      const free = [one("put", "b", [4, 6]), one("put", "c", [8, 10], "full"), one("take", "b", [30, 31])];
      expect(judgeHistory([...taken, ...free], inHand).verdict).toBe("linearizable");
      const gone = [one("take", undefined, [4, 6], "end"), one("put", "b", [8, 10], "full")];
      expect(judgeHistory([...taken, ...gone], inHand).verdict).toBe("violation");
    });

    test("of somebody who dies gives the item back to its place, or takes it along", () => {
      const two = { capacity: 2, takesInTwoSteps: true };
      const puts = [one("put", "a", [0, 1]), one("put", "b", [2, 3])];
      const died = [...puts, one("take", undefined, [4, 5], "unknown")];
      const passed = [...died, one("take", "b", [6, 7]), one("take", "a", [8, 9])];
      expect(judgeHistory(passed, two).verdict).toBe("linearizable");
      expect(judgeHistory(passed, { capacity: 2 }).verdict).toBe("violation");
      expect(judgeHistory([...died, one("take", "b", [6, 7])], two).verdict).toBe("linearizable");
      // One who died had one item in hand.
      const later = [one("take", "c", [8, 9]), one("take", "a", [10, 11]), one("take", "b", [12, 13])];
      const three = [...died, one("put", "c", [6, 7]), ...later];
      const wide = { ...two, capacity: 3 };
      expect(checkHistory(three, wide)).toEqual([]);
      expect(judgeHistory(three, wide).verdict).toBe("violation");
    });
  });

  describe("a bound by bytes", () => {
    const put = (
      value: string,
      bytes: number,
      at: readonly [number, number],
      outcome?: Operation["outcome"],
    ) => ({
      ...one("put", value, at, outcome),
      bytes,
    });
    const takes = [one("take", "a", [10, 11]), one("take", "b", [12, 13])];
    const roomy = { capacity: 9, bytesMax: 10 };

    test("fills the buffer for what is too large, and for nothing that fits", () => {
      const inside = [put("a", 6, [0, 1]), put("b", 4, [4, 5]), ...takes];
      expect(judgeHistory([...inside, put("c", 5, [2, 3], "full")], roomy).verdict).toBe("linearizable");
      const [told] = judgeHistory([...inside, put("c", 4, [2, 3], "full")], roomy).violations;
      expect(told?.message).toContain(
        "P7: Somebody was told full, with at most 1 of 9 items and 6 of 10 bytes",
      );
    });

    test("is exceeded by items that were accepted, and by that alone", () => {
      const inside = [put("a", 6, [0, 1]), put("b", 5, [4, 5]), ...takes];
      const [told] = judgeHistory(inside, roomy).violations;
      expect(told?.message).toContain("P5: 11 bytes were inside at 0.000 ms, with a bound of 10 bytes: a, b");
      expect(judgeHistory(inside, { ...roomy, bytesMax: 11 }).verdict).toBe("linearizable");
    });

    test("is looked at by the search, where the first tier sees no certain instant", () => {
      // b went in before a did, or a was gone: c, put between, had to come out between.
      const inside = [put("a", 6, [0, 20]), put("b", 5, [2, 22]), put("c", 1, [4, 5], "full")];
      const late = [one("take", "a", [30, 31]), one("take", "b", [32, 33])];
      expect(searchHistory([...inside, ...late], roomy).verdict).toBe("violation");
      expect(searchHistory([...inside, ...late], { ...roomy, bytesMax: 11 }).verdict).toBe("linearizable");
    });

    test("asks for the size of every put", () => {
      const unsized = [one("put", "a", [0, 1])];
      expect(() => checkHistory(unsized, roomy)).toThrow("Expected bytes in the put of a by p0");
      expect(() => checkHistory([], { capacity: 1, bytesMax: 0 })).toThrow(
        "Expected bytesMax to be an integer",
      );
    });
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
