/** Looks at what a broker is to bear, before one is started. */

import { checkOptions, countFrom } from "@sluice/core";
import type { BrokerLimits } from "./broker-options.js";

const NAMES: readonly (keyof BrokerLimits)[] = ["clients", "requests"];

/** A copy. @throws TypeError, RangeError `INVALID_ARGUMENT`. */
export function checkLimits(limits: BrokerLimits | undefined): BrokerLimits | undefined {
  if (limits === undefined) return undefined;
  checkOptions("`limits`", limits, NAMES);
  const given = NAMES.filter((name) => limits[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, countFrom(1, `\`limits.${name}\``, limits[name])]));
}
