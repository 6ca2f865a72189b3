// The complete search: against all orders of tiny histories, and the first tier against it.
import { describe, expect, test } from "vitest";
import { checkProperties } from "../src/check-history.js";
import { checkHistory, type HistoryExpectation, type Operation, searchHistory } from "../src/index.js";
import { describeOperation } from "../src/operation.js";
import { type Random, randomFrom, seedFromEnvironment } from "../src/random.js";
import { randomOptions, simulateHistory } from "../src/simulation/simulate-history.js";
import { hasOrder } from "./every-order.js";
import { mutateHistory } from "./mutate-history.js";

const seed = seedFromEnvironment();

describe(`random histories, SLUICE_SEED=${seed}`, () => {
  test("the search says what trying every order says, in 10,000 of up to 6 operations", () => {
    const verdicts = { right: 0, wrong: 0 };
    for (let i = 0; i < 10_000; i++) {
      const random = randomFrom(seed).fork(`tiny-${i}`);
      const { operations, expectation } = tinyHistory(random);
      if (operations.length > OPERATIONS_MAX) continue;
      const isRight = hasOrder(operations, expectation);
      verdicts[isRight ? "right" : "wrong"]++;
      const { verdict } = searchHistory(operations, expectation);
      const told = () => `seed ${seed}, history ${i}\n${operations.map(describeOperation).join("\n")}`;
      if (verdict !== (isRight ? "linearizable" : "violation"))
        expect.fail(`${told()}\nwas called ${verdict}`);
      const alarms = isRight ? checkHistory(operations, expectation) : [];
      if (alarms.length > 0) expect.fail(`${told()}\nwas told ${alarms[0]?.message}`);
    }
    console.log(`every order of tiny histories: ${JSON.stringify(verdicts)}`);
    expect(Math.min(verdicts.right, verdicts.wrong)).toBeGreaterThan(500);
  });

  test("what the first tier finds in 4,000 changed histories, the search finds too", () => {
    const counts = { wrong: 0, missedByTier1: 0, missedByTier1b: 0, unknown: 0 };
    for (let i = 0; i < 4_000; i++) {
      const random = randomFrom(seed).fork(`changed-${i}`);
      const { operations, expectation } = simulateHistory(random, {
        ...randomOptions(random),
        capacity: 1 + random.below(3),
        items: 3 + random.below(8),
      });
      const changed = mutateHistory(operations, random);
      const { verdict } = searchHistory(changed, expectation, { stepsMax: 20_000 });
      const alarms = checkHistory(changed, expectation);
      if (verdict === "linearizable" && alarms.length > 0) {
        expect.fail(`seed ${seed}, history ${i} has an order, but the first tier says ${alarms[0]?.message}`);
      }
      if (verdict === "unknown") counts.unknown++;
      if (verdict !== "violation") continue;
      counts.wrong++;
      if (checkProperties(changed, expectation).length === 0) counts.missedByTier1++;
      if (alarms.length === 0) counts.missedByTier1b++;
    }
    console.log(`changed histories: ${JSON.stringify(counts)}`);
    expect(counts.wrong).toBeGreaterThan(500);
  });
});

const OPERATIONS_MAX = 6;

/** The beginning of a right history, with up to two random changes. */
function tinyHistory(random: Random): { operations: readonly Operation[]; expectation: HistoryExpectation } {
  const { operations: whole, expectation } = simulateHistory(random, {
    ...randomOptions(random),
    capacity: 1 + random.below(2),
    producers: 1 + random.below(2),
    consumers: 1 + random.below(2),
    items: 1 + random.below(3),
    takes: random.pick([0, 0.5, 1]),
    ...(random.chance(0.2) ? { bytesMax: 9 + random.below(9) } : {}),
  });
  const end = whole[OPERATIONS_MAX]?.invokedAt ?? Infinity;
  let operations: readonly Operation[] = whole
    .filter((one) => one.invokedAt < end)
    .map((one) => cutAt(one, end));
  for (let changes = random.below(3); changes > 0; changes--) operations = mutateHistory(operations, random);
  const isDrained = end === Infinity;
  return { operations, expectation: { ...expectation, isDrained, takesMayReturn: random.chance(0.2) } };
}

/** As if its process had been killed then. */
function cutAt(one: Operation, end: number): Operation {
  if (one.returnedAt < end) return one;
  const { value, deliveries, ...rest } = one;
  const isHandOut = one.kind === "take" || one.kind === "lease";
  return { ...(isHandOut ? rest : one), returnedAt: Infinity, outcome: undefined };
}
