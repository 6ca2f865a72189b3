/** Calls in other processes that wait. */

import type { RuleContext } from "../kit/context.js";
import type { Puppet } from "./puppet.js";

/**
 * Sees that each of these processes has come to wait, however slow it is, and that none of their calls ends.
 *
 * @param calls - one of each, under way.
 */
export async function staysWaiting(
  t: RuleContext,
  puppets: readonly Puppet[],
  calls: readonly Promise<unknown>[],
  what: string,
): Promise<void> {
  const ended = Promise.race(calls);
  const all = Promise.all(puppets.map((puppet) => puppet.call("waits")));
  // What came of one that has ended is told below.
  await t.soon(Promise.race([all, ended.catch(() => {})]), `word that somebody waits (${what})`);
  await t.staysPending(ended, what);
}
