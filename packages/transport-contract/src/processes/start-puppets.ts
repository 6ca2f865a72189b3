/** Child processes for a rule. */

import type { BufferAddress } from "@sluice/core";
import type { RuleContext } from "../kit/context.js";
import { Puppet } from "./puppet.js";

/** Child processes, killed when the rule is over. */
export async function startPuppets(
  t: RuleContext,
  count: number,
  address?: BufferAddress,
): Promise<Puppet[]> {
  const starts = Array.from({ length: count }, async () => {
    const puppet = await Puppet.start(address === undefined ? {} : { address });
    t.defer(() => puppet.kill());
    return puppet;
  });
  return t.soon(Promise.all(starts), `the start of ${count} processes`);
}
