/** A rule is data: its number and title, when it applies, and how it is checked. */

import type { TransportCapabilities } from "@sluice/core";
import type { Harness } from "./harness.js";
import type { RuleContext } from "./kit/context.js";

/**
 * - `required`: of every transport.
 * - `capability`: of transports that claim something; skipped, with the reason, for others.
 * - `stochastic`: asserted on many random trials; its seed is printed when it fails.
 * - `stress`: the same at a size that takes a while.
 */
export type Level = "required" | "capability" | "stochastic" | "stress";

export interface Rule {
  /** `BOUND-1`. Never used again for another meaning. */
  readonly number: string;
  /** Number and meaning: `BOUND-1 counts leased items towards capacity`. */
  readonly title: string;
  readonly level: Level;
  /** Why it does not apply to this harness; undefined if it does. */
  skipReason(harness: Harness): string | undefined;
  run(context: RuleContext): Promise<void>;
}

export interface RuleOptions {
  readonly level?: Level;
  /** Why a transport with these capabilities need not keep it. */
  readonly needs?: (capabilities: TransportCapabilities) => string | undefined;
  /** It spawns processes. */
  readonly processes?: boolean;
  /** It needs at least one failpoint of the adapter. */
  readonly failpoints?: boolean;
}

export function rule(
  title: string,
  run: (context: RuleContext) => Promise<void>,
  options: RuleOptions = {},
): Rule {
  const number = /^[A-Z]+-\d+(?= \S)/.exec(title)?.[0];
  if (number === undefined)
    throw new TypeError(`Expected a rule's title to begin with its number, got ${title}`);
  return {
    number,
    title,
    level: options.level ?? (options.needs === undefined ? "required" : "capability"),
    skipReason(harness) {
      const claimed = options.needs?.(harness.capabilities);
      if (claimed !== undefined) return claimed;
      if (options.processes === true && !spawns(harness))
        return `its reach is the ${harness.capabilities.reach}`;
      if (options.failpoints === true && (harness.failpoints ?? []).length === 0)
        return "it declares no failpoints";
      return undefined;
    },
    run,
  };
}

function spawns(harness: Harness): boolean {
  return harness.processes ?? harness.capabilities.reach !== "process";
}
