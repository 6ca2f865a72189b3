/** What one does where nobody wakes a waiter: asks again. */

import { setTimeout as sleep } from "node:timers/promises";

// Less is not to be had of a timer.
const DELAY_MS = 1;

/** Tries until there is an answer, with a pause after each try that had none. */
export async function polledUntil<T>(attempt: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
    await sleep(DELAY_MS);
  }
}
