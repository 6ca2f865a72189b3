/** What the checker cannot see in the history itself, and whoever calls it has to say. */

import { checkNames } from "./check-names.js";
import { HistoryError } from "./history-error.js";
import { describeOperation, type Operation } from "./operation.js";

/** What the checker cannot see in the history itself. */
export interface HistoryExpectation {
  /** Most items inside, from 1: those that are leased count. */
  readonly capacity: number;
  /** Most bytes inside, from 1, where the buffer has such a bound too: every put then says its `bytes`. Default: no such bound. */
  readonly bytesMax?: number;
  /**
   * The buffer was taken empty at the end by somebody who recorded it, so that an accepted item which nobody took is lost.
   * Default true.
   */
  readonly isDrained?: boolean;
  /** An item of which a plain take never returned may come back and then stands behind others. Default false. */
  readonly takesMayReturn?: boolean;
  /**
   * A plain take is two steps, as over a wire: the item is handed out, and keeps its slot, until the taker has confirmed it. What
   * a take without a known outcome has in hand leaves, or returns to its place. Default false: one step.
   */
  readonly takesInTwoSteps?: boolean;
  /**
   * The queue was restarted under calls that were answered later: an item may have been handed to one of them more often than it
   * tells, so that numbers of hand-outs are missing. Default false; the complete search does not know it.
   */
  readonly handOutsMayRepeat?: boolean;
  /**
   * With so many failures (nacks, expiries, deaths of holders) an item becomes a dead letter, and leaves. Default: however many,
   * it never does.
   */
  readonly failuresMax?: number;
}

const MEMBERS: Record<keyof HistoryExpectation, true> = {
  capacity: true,
  bytesMax: true,
  isDrained: true,
  takesMayReturn: true,
  takesInTwoSteps: true,
  handOutsMayRepeat: true,
  failuresMax: true,
};

/**
 * @throws RangeError naming the member, what was expected and what came; HistoryError for a put without the size that a bound by
 * bytes asks for.
 */
export function validateExpectation(expectation: HistoryExpectation, operations: readonly Operation[]): void {
  checkNames("the expectation", expectation, MEMBERS);
  const { capacity, failuresMax = 1, bytesMax = Infinity } = expectation;
  for (const [name, value] of Object.entries({ capacity, failuresMax, bytesMax })) {
    if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw new RangeError(`Expected ${name} to be an integer from 1, got ${value}`);
  }
  if (bytesMax === Infinity) return;
  const unsized = operations.find((one) => one.kind === "put" && one.bytes === undefined);
  if (unsized === undefined) return;
  throw new HistoryError(
    `Expected bytes in the ${describeOperation(unsized)}, since bytesMax is ${bytesMax}, got none`,
  );
}
