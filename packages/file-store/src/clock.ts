/** The time by which leases and delays end, in milliseconds of a clock that all handles of a store have in common. */

import { monotonicMs } from "@sluice/native-port";

/** Where the clock is another machine's, it is known only to lie between two bounds: nothing ends before its time. */
export interface Clock {
  /** It is that late at least: for what has ended. */
  atLeast(): number;
  /** It is that late at most: from here on a lease is granted its time. */
  atMost(): number;
}

/** Of this machine: one that all its processes read alike. */
export const machineClock: Clock = { atLeast: monotonicMs, atMost: monotonicMs };
