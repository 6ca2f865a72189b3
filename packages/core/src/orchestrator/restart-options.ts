/** When, and how often, the workers of a group are started again. */

import { countFrom } from "../buffer-spec.js";
import { wrongType } from "../errors.js";
import { ownOptions } from "../options.js";

/**
 * - `never`: the first crash of a worker fails the run.
 * - `on-crash`: a worker that ended by anything but its end is started again: by an exit code, also by 0 before its work was
 *   done, by a signal that the run did not send, by what it threw.
 * - `always`: also one that came to its end, but for the end of the buffer: a producer that returned, an idle consumer.
 */
export type RestartPolicy = "never" | "on-crash" | "always";

/** Restarts beyond `max` within `withinMs` fail the run, as in Erlang's supervisors. Times are in milliseconds. */
export interface RestartOptions {
  /** Default `on-crash`. */
  readonly policy?: RestartPolicy;
  /** Most restarts of the whole group within `withinMs`: an integer from 0, or Infinity. Default 3. */
  readonly max?: number;
  /** Default 10,000. */
  readonly withinMs?: number;
  /** How long the first restart waits. It doubles with each that still counts. Default 100. */
  readonly backoffMinMs?: number;
  /** Default 2,000. */
  readonly backoffMaxMs?: number;
}

/** With the defaults filled in. */
export interface CompleteRestart extends Required<RestartOptions> {
  /** The plan asks for restarts in so many words: then also of a producer whose module does not export `resumes`. */
  readonly isAsked: boolean;
}

const POLICIES: readonly RestartPolicy[] = ["never", "on-crash", "always"];
const KEYS: readonly (keyof RestartOptions)[] = ["policy", "max", "withinMs", "backoffMinMs", "backoffMaxMs"];

/** @throws TypeError, RangeError `INVALID_ARGUMENT`. */
export function completeRestart(
  where: string,
  given: RestartPolicy | RestartOptions | undefined,
): CompleteRestart {
  if (given === null) throw wrongType(where, "a policy, or an object", given);
  const options = typeof given === "string" ? { policy: given } : ownOptions(where, given, KEYS);
  const { max = 3 } = options;
  const { policy = "on-crash" } = options;
  if (!POLICIES.includes(policy)) throw wrongType(`${where}.policy`, `one of ${POLICIES.join(", ")}`, policy);
  const backoffMinMs = countFrom(0, `${where}.backoffMinMs`, options.backoffMinMs ?? 100);
  return {
    policy,
    max: max === Number.POSITIVE_INFINITY ? max : countFrom(0, `${where}.max`, max),
    withinMs: countFrom(1, `${where}.withinMs`, options.withinMs ?? 10_000),
    backoffMinMs,
    backoffMaxMs: countFrom(
      backoffMinMs,
      `${where}.backoffMaxMs`,
      options.backoffMaxMs ?? Math.max(2_000, backoffMinMs),
    ),
    isAsked: options.policy !== undefined && options.policy !== "never",
  };
}
