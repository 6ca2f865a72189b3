/** Which puts carry their time. */

import { countFrom } from "./buffer-spec.js";
import { wrongType } from "./errors.js";
import { ownOptions } from "./options.js";

/**
 * `true`: every put. `everyMs`: at most one put in so many milliseconds, all of whose items carry it: enough to know how long items are
 * in the buffer, at hardly any cost.
 */
export type StampPutTime = boolean | { readonly everyMs: number };

/** @throws TypeError, RangeError `INVALID_ARGUMENT`. @returns undefined for never. */
export function stampEveryMsFrom(given: StampPutTime | undefined): number | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return 0;
  if (typeof given !== "object" || given === null)
    throw wrongType("`stampPutTime`", "a boolean, or an object with `everyMs`", given);
  return countFrom(1, "`stampPutTime.everyMs`", ownOptions("`stampPutTime`", given, ["everyMs"]).everyMs);
}

export class PutStamps {
  readonly #everyMs: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Of the put that is made now: milliseconds since 1970 with fractions, for a reader in another process. Decides nothing. */
  next(): number | undefined {
    const now = performance.now();
    if (now - this.#last < this.#everyMs) return undefined;
    this.#last = now;
    return performance.timeOrigin + now;
  }
}
