/** Child processes for a rule. */

import type { BufferAddress } from "@sluice/core";
import type { RuleContext } from "../kit/context.js";
import { Puppet } from "./puppet.js";

/** So many start in one signal time, on a slow machine. */
const PER_SIGNAL = 4;

/** Child processes, killed when the rule is over. */
export async function startPuppets(
  t: RuleContext,
  count: number,
  address?: BufferAddress,
): Promise<Puppet[]> {
  const starts = Array.from({ length: count }, async () => {
    // From its beginning on: it may never come to open.
    const onSpawn = (puppet: Puppet) => void t.hold(() => puppet.kill());
    return Puppet.start({ ...(address === undefined ? {} : { address }), onSpawn });
  });
  const signals = Math.max(1, count / PER_SIGNAL);
  return t.within(Promise.all(starts), signals, `the start of ${count} processes`);
}
