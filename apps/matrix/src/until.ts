/** Waits for conditions. */

import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 20;
// Generous, for a machine that does much else: what takes longer has gone wrong.
const PATIENCE_MS = 100_000;

/**
 * Resolves when the condition holds. Rejects where it never does.
 *
 * @param what - for the message: what was waited for, and what there is instead.
 */
export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what()}`);
    await delay(LOOK_EVERY_MS);
  }
}
