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

/** From the least to the most: a run at a level has those before it too. */
export const LEVELS: readonly Level[] = ["required", "capability", "stochastic", "stress"];

export function isUpTo(level: Level, rule: { readonly level: Level }): boolean {
  return LEVELS.indexOf(rule.level) <= LEVELS.indexOf(level);
}

/** Why a rule is not run on a harness. */
export interface Skip {
  readonly reason: string;
  /** It applies, and cannot be run here: what it needs is missing on this machine. Else it is not claimed. */
  readonly isUnable: boolean;
}

/** Thrown by a rule that finds only while it runs that it cannot be run here: then it is skipped, with this reason. */
export class Unable extends Error {
  override readonly name: string = "Unable";
}

export interface Rule {
  /** `BOUND-1`. Never used again for another meaning. */
  readonly number: string;
  /** Number and meaning: `BOUND-1 counts leased items towards capacity`. */
  readonly title: string;
  readonly level: Level;
  /**
   * It has times of its own, such as a lease's, in which something has to be done: that it fails while this process stood still for
   * longer than such times bear says nothing.
   */
  readonly isTimed: boolean;
  /** Why it is not run on this harness; undefined if it is. */
  skip(harness: Harness): Skip | undefined;
  run(context: RuleContext): Promise<void>;
}

export interface RuleOptions {
  readonly level?: Level;
  /** Why a transport with these capabilities need not keep it. */
  readonly needs?: (capabilities: TransportCapabilities) => string | undefined;
  /** It spawns processes. */
  readonly processes?: boolean;
  /** It has times of its own, in which something has to be done. */
  readonly isTimed?: boolean;
  /** It needs at least one failpoint of the adapter. */
  readonly failpoints?: boolean;
  /** It needs to know where the buffer's files are. */
  readonly directory?: boolean;
  /** It ends the authority and starts it again, which the harness has to do. */
  readonly restart?: boolean;
  /** Why it cannot be run on this machine, where it applies. */
  readonly unable?: () => string | undefined;
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
    isTimed: options.isTimed ?? false,
    skip(harness) {
      const reason = unclaimed(harness, options);
      if (reason !== undefined) return { reason, isUnable: false };
      const missing = cannot(harness, options);
      return missing === undefined ? undefined : { reason: missing, isUnable: true };
    },
    run,
  };
}

function unclaimed(harness: Harness, options: RuleOptions): string | undefined {
  const { needs, processes, failpoints, directory } = options;
  const claimed = needs?.(harness.capabilities);
  if (claimed !== undefined) return claimed;
  if (processes === true && harness.capabilities.reach === "process" && harness.processes !== true)
    return "its reach is the process";
  if (failpoints === true && (harness.failpoints ?? []).length === 0) return "it declares no failpoints";
  if (directory === true && harness.directory === undefined) return "its harness names no directory of files";
  return undefined;
}

/** Why it cannot be run here, where it applies. */
function cannot(harness: Harness, { processes, restart, unable }: RuleOptions): string | undefined {
  if (processes === true && harness.processes === false) return "its harness spawns no processes";
  if (restart === true && harness.restart === undefined) return "its harness cannot restart its authority";
  return unable?.();
}
