// The checker is a test tool, and tested like one: no alarm over right histories, an alarm over each kind of wrong one.
import { describe, expect, test } from "vitest";
import { checkHistory } from "../src/check-history.js";
import { newSeed, randomFrom } from "../src/random.js";
import { type Fault, simulate } from "./simulated-history.js";

const seed = Number(process.env["SLUICE_SEED"] ?? newSeed());

describe(`the checker, SLUICE_SEED=${seed}`, () => {
  test.each([
    { leases: false, kills: 0 },
    { leases: false, kills: 3 },
    { leases: true, kills: 0 },
    { leases: true, kills: 3 },
  ])("raises no alarm over 1,000 right histories: $leases leases, $kills kills", ({ leases, kills }) => {
    for (let i = 0; i < 1000; i++) {
      const random = randomFrom(seed).fork(`${leases}-${kills}-${i}`);
      const { operations, capacity } = simulate(random, { leases, kills });
      expect(operations.length).toBeGreaterThan(20);
      expect(checkHistory(operations, { capacity }), `seed ${seed}, history ${i}`).toEqual([]);
    }
  });

  const faults: readonly [Fault, boolean, string][] = [
    ["last in, first out", false, "P4"],
    ["drops an item", false, "P3"],
    ["hands an item out twice", false, "P2"],
    ["capacity + 1", false, "P5"],
    ["false empty", false, "P6"],
    ["false full", false, "P7"],
    ["reorders producers", false, "P4"],
    ["late ack accepted", true, "L2"],
    ["loses an item at the seal", false, "P3"],
    ["end while leased", true, "P9"],
    ["acks twice", true, "P2"],
    ["changes bytes", false, "P1"],
    ["accepts after the seal", false, "P8"],
    ["hands out after the ack", true, "L1"],
    ["hands out a refused put", false, "P1"],
    ["hands out before the put", false, "P1"],
    ["same delivery number twice", true, "L3"],
  ];

  test.each(faults)("finds in 200 histories a buffer that: %s", (fault, leases, property) => {
    const found = new Set<string>();
    let caught = 0;
    let broken = 0;
    for (let i = 0; i < 200; i++) {
      const {
        operations,
        capacity,
        faults: times,
      } = simulate(randomFrom(seed).fork(`${fault}-${i}`), { leases, kills: 0, fault });
      if (times === 0) continue;
      broken++;
      const violations = checkHistory(operations, { capacity });
      if (violations.length > 0) caught++;
      for (const one of violations) found.add(one.property);
    }
    expect(broken).toBeGreaterThan(0);
    expect([...found]).toContain(property);
    // It is not complete: a fault need not show in what the processes saw. Most do.
    expect(caught / broken).toBeGreaterThan(0.1);
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
