/** Simulated histories, judged by all tiers: what a right one is told is a false alarm. */

import { judgeHistory } from "../judge-history.js";
import { randomFrom } from "../random.js";
import { randomOptions, type Simulation, simulateHistory } from "./simulate-history.js";

export interface Tally {
  histories: number;
  operations: number;
  /** Steps of the complete searches. */
  steps: number;
  /** Searches that gave up. */
  unknown: number;
  /** The right history that was called wrong, and what it was told. */
  falseAlarm?: { readonly index: number; readonly told: string };
}

/** A search that takes longer than this is counted as unknown. */
const STEPS_MAX = 200_000;

/** The right history of this number: the same for the same seed. */
export function rightHistory(seed: number, index: number): Simulation {
  const random = randomFrom(seed).fork(String(index));
  return simulateHistory(random, randomOptions(random));
}

/** Judges the histories from one number on, every `stride`th, up to another; ends at the first false alarm. */
export function judgeSimulated(
  seed: number,
  range: { readonly from: number; readonly to: number; readonly stride: number },
  onEach: (tally: Tally) => void = () => {},
): Tally {
  const tally: Tally = { histories: 0, operations: 0, steps: 0, unknown: 0 };
  for (let index = range.from; index < range.to; index += range.stride) {
    const { operations, expectation } = rightHistory(seed, index);
    const { verdict, violations, search } = judgeHistory(operations, expectation, { stepsMax: STEPS_MAX });
    tally.histories++;
    tally.operations += operations.length;
    tally.steps += search?.steps ?? 0;
    if (verdict === "unknown") tally.unknown++;
    if (verdict === "violation") {
      tally.falseAlarm = { index, told: violations.map((one) => one.message).join("\n") };
      return tally;
    }
    onEach(tally);
  }
  return tally;
}
