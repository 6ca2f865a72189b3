/** What a broker answers where it does not do what it was asked. */

import type { Failure } from "./protocol.js";
import { Kind } from "./protocol.js";

/** What only ends or settles something makes room. */
export const ALWAYS_HEARD: ReadonlySet<number> = new Set([
  Kind.Confirm,
  Kind.Settle,
  Kind.GiveUp,
  Kind.Leave,
  Kind.Close,
]);

export const OTHER_BUFFER: Failure = {
  code: "BUFFER_DESTROYED",
  effect: "none",
  message: "Another buffer is there now: the broker of this one has ended, and what was in it is gone",
};

export function tooMany(what: string, max: number): Failure {
  return { code: "TOO_MANY_WAITERS", effect: "none", message: `More than ${max} ${what}` };
}
